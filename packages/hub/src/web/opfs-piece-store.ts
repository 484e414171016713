import { isOutOfRoom, nameOfPart, pathPart, type PieceAddress, type PieceStore } from "./piece-store.js";

/** Folder of these packages in the origin's private file system. */
const ROOT = "smolvlm";

/**
 * Pieces as files of the origin's private file system. They are written through the browser's swap files, so that a name never shows
 * part of a piece.
 *
 * @throws what the browser throws where it has no such file system, or not for this page (private windows of some).
 */
export async function opfsPieceStore(): Promise<PieceStore> {
  const origin = await navigator.storage.getDirectory();
  const root = (): Promise<FileSystemDirectoryHandle> => origin.getDirectoryHandle(ROOT, { create: true });

  async function folder(names: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
    let handle = await root();
    for (const name of names) {
      const next = await found(handle.getDirectoryHandle(pathPart(name), { create }));
      if (!next) return undefined;
      handle = next;
    }
    return handle;
  }

  const store: PieceStore = {
    kind: "opfs",
    async read({ model, entry, piece }) {
      const at = await folder([model, entry], false);
      const file = at && (await found(at.getFileHandle(pathPart(piece))));
      return file && found(file.getFile());
    },
    async write({ model, entry, piece }, bytes) {
      const at = (await folder([model, entry], true)) as FileSystemDirectoryHandle;
      const name = pathPart(piece);
      const stream = await (await at.getFileHandle(name, { create: true })).createWritable();
      try {
        await stream.write(bytes);
        await stream.close();
      } catch (error) {
        await stream.abort().catch(() => undefined);
        // Asking for the handle has made an empty file.
        await at.removeEntry(name).catch(() => undefined);
        throw error;
      }
    },
    async sizes(model, entry) {
      const sizes = new Map<string, number>();
      for await (const [name, handle] of entriesOf(await folder([model, entry], false))) {
        if (handle.kind !== "file") continue;
        const size = (await found((handle as FileSystemFileHandle).getFile()))?.size;
        // An empty file is one whose writing has not ended.
        if (size) sizes.set(nameOfPart(name), size);
      }
      return sizes;
    },
    entries: async (model) => names(await folder([model], false)),
    models: async () => names(await root()),
    async remove(model, entry) {
      const parent = entry === undefined ? await root() : await folder([model], false);
      await found(parent?.removeEntry(pathPart(entry ?? model), { recursive: true }) ?? Promise.resolve());
    },
  };
  await probe(store);
  return store;
}

/** Browsers that have the file system but cannot write it from a page are told by trying. One that is full can be read. */
async function probe(store: PieceStore): Promise<void> {
  const address: PieceAddress = { model: ".probe", entry: crypto.randomUUID(), piece: "0" };
  try {
    await store.write(address, Uint8Array.of(1));
  } catch (error) {
    if (!isOutOfRoom(error)) throw error;
  }
  await store.remove(address.model, address.entry);
}

async function* entriesOf(
  folder: FileSystemDirectoryHandle | undefined,
): AsyncGenerator<readonly [string, FileSystemHandle]> {
  if (folder) yield* folder.entries();
}

async function names(folder: FileSystemDirectoryHandle | undefined): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const [name, handle] of entriesOf(folder)) if (handle.kind === "directory") all.push(nameOfPart(name));
  return all.filter((name) => name !== ".probe");
}

/** Undefined where the file system says that there is no such thing. */
async function found<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof DOMException && (error.name === "NotFoundError" || error.name === "TypeMismatchError")) {
      return undefined;
    }
    throw error;
  }
}
