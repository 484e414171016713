import type { StoredBytes } from "@smolvlm/contracts";
import { readBlob } from "./blob-byte-source.js";
import type * as FilesInWorker from "./files-in-worker.js";

/** The files of the private file system that pieces are; workers may open them themselves. */
export const pieceFiles = new WeakMap<Blob, FileSystemFileHandle>();

/** What is done with files beside the page; its code is loaded where the browser has them. */
export const filesInWorker = (): Promise<typeof FilesInWorker> => import("./files-in-worker.js");

/** How often another page may put the same piece in the place of one that is being read. */
const MAX_REPLACED = 5;

/**
 * The bytes `[start, end)` of a piece that the browser keeps. A page that fetches the same model at the same time may replace it by the same
 * bytes meanwhile: for a moment nobody can open it then, and what was opened before is void.
 *
 * @throws ModelFileError when it was changed or deleted.
 */
export async function readPiece(
  piece: Blob,
  start: number,
  end: number,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = pieceFiles.get(piece);
  if (!file) return readBlob(piece.slice(start, end), name);
  const { readFile } = await filesInWorker();
  let content = piece;
  for (let attempt = 1; ; attempt++) {
    try {
      return (await readFile(file, start, end)) ?? (await readBlob(content.slice(start, end), name));
    } catch (error) {
      const now = await file.getFile().catch(() => undefined);
      if (attempt > MAX_REPLACED || now?.size !== piece.size) throw error;
      content = now;
    }
  }
}

/** Pieces one behind the other, for workers to read. */
export async function storedBytes(pieces: readonly Blob[]): Promise<StoredBytes> {
  const files = pieces.flatMap((piece) => pieceFiles.get(piece) ?? []);
  const isOpenable = files.length === pieces.length && (await (await filesInWorker()).fileWorker());
  return { blob: new Blob([...pieces]), files: isOpenable ? files : undefined };
}
