import type { StoredBytes } from "@smolvlm/contracts";
import { readBlob } from "./blob-byte-source.js";
import type * as FilesInWorker from "./files-in-worker.js";

/** The files of the private file system that pieces are; workers may open them themselves. */
export const pieceFiles = new WeakMap<Blob, FileSystemFileHandle>();

/** What is done with files beside the page; its code is loaded where the browser has them. */
export const filesInWorker = (): Promise<typeof FilesInWorker> => import("./files-in-worker.js");

/**
 * The bytes `[start, end)` of a piece that the browser keeps.
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
  return (
    (file && (await (await filesInWorker()).readFile(file, start, end))) ?? readBlob(piece.slice(start, end), name)
  );
}

/** Pieces one behind the other, for workers to read. */
export async function storedBytes(pieces: readonly Blob[]): Promise<StoredBytes> {
  const files = pieces.flatMap((piece) => pieceFiles.get(piece) ?? []);
  const isOpenable = files.length === pieces.length && (await (await filesInWorker()).fileWorker());
  return { blob: new Blob([...pieces]), files: isOpenable ? files : undefined };
}
