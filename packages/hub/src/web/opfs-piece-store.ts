import { filesInWorker, pieceFiles } from "./piece-files.js";
import { isOutOfRoom, nameOfPart, OPFS_ROOT, pathPart, type PieceAddress, type PieceStore } from "./piece-store.js";

/**
 * Pieces as files of the origin's private file system. They are written by a worker, or where there is none through the browser's swap
 * files; either way a name never shows part of a piece.
 *
 * @param temporary a folder for pieces that need not outlive the page.
 * @throws what the browser throws where it has no such file system, or not for this page (private windows of some).
 */
export async function opfsPieceStore(temporary?: FileSystemDirectoryHandle): Promise<PieceStore> {
  const origin = await navigator.storage.getDirectory();
  const root = async (): Promise<FileSystemDirectoryHandle> =>
    temporary ?? (await origin.getDirectoryHandle(OPFS_ROOT, { create: true }));

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
      return file && contentOf(file);
    },
    async write({ model, entry, piece }, bytes) {
      const at = (await folder([model, entry], true)) as FileSystemDirectoryHandle;
      const { writeFile } = await filesInWorker();
      await writeFile({ folder: at, name: pathPart(piece), bytes, isLasting: !temporary });
    },
    async pieces(model, entry) {
      const pieces = new Map<string, File>();
      for await (const [name, handle] of entriesOf(await folder([model, entry], false))) {
        const file = handle.kind === "file" ? await contentOf(handle as FileSystemFileHandle) : undefined;
        // An empty file is one whose writing has not ended.
        if (file?.size) pieces.set(nameOfPart(name), file);
      }
      return pieces;
    },
    entries: async (model) => names(await folder([model], false)),
    models: async () => names(await root()),
    async remove(model, entry) {
      const parent = entry === undefined ? await root() : await folder([model], false);
      const { removeWhenFree } = await filesInWorker();
      if (parent) await found(removeWhenFree(parent, pathPart(entry ?? model)));
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
  return all.filter((name) => !name.startsWith("."));
}

async function contentOf(handle: FileSystemFileHandle): Promise<File | undefined> {
  const file = await found(handle.getFile());
  if (file) pieceFiles.set(file, handle);
  return file;
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
