import { OPFS_ROOT } from "./piece-store.js";

/** Where the folders of pages are, beside the models in the folder of these packages; no model's name begins with a dot. */
const TEMPORARY = ".temporary";

let own: Promise<FileSystemDirectoryHandle> | undefined;

/** A folder that is this page's alone, and is deleted by the next page when this one is gone. */
export function temporaryFolder(): Promise<FileSystemDirectoryHandle> {
  return (own ??= open());
}

async function open(): Promise<FileSystemDirectoryHandle> {
  const id = crypto.randomUUID();
  const lockOf = (name: string): string => `smolvlm:${TEMPORARY}/${name}`;
  // The lock is there before the folder, and goes with the page: a folder without one is nobody's.
  await new Promise<void>((isHeld, fail) => {
    const hold = (): Promise<never> => {
      isHeld();
      return new Promise(() => undefined);
    };
    navigator.locks.request(lockOf(id), hold).catch(fail);
  });
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(OPFS_ROOT, { create: true });
  const all = await root.getDirectoryHandle(TEMPORARY, { create: true });
  const { held = [] } = await navigator.locks.query();
  const alive = new Set(held.map(({ name }) => name));
  for await (const name of all.keys()) {
    if (!alive.has(lockOf(name))) await all.removeEntry(name, { recursive: true }).catch(() => undefined);
  }
  return all.getDirectoryHandle(id, { create: true });
}
