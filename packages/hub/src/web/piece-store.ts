import { fingerprint } from "../fingerprint.js";

/**
 * Where a page keeps bytes: three levels of names, model → entry → piece, whose pieces are written whole or not at all. Pieces are
 * what downloads resume by, and small enough to be in memory.
 */
export interface PieceStore {
  /** What the browser keeps it in. */
  readonly kind: "opfs" | "cache";
  /** A piece, not in this program's memory; undefined where there is none. */
  read(address: PieceAddress): Promise<Blob | undefined>;
  /** @throws what the browser throws, a `QuotaExceededError` among others; then the piece is not there. */
  write(address: PieceAddress, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The pieces of an entry by name, or where to have them means to read them, their sizes. */
  pieces(model: string, entry: string): Promise<ReadonlyMap<string, Blob | { readonly size: number }>>;
  /** Names of a model's entries. */
  entries(model: string): Promise<readonly string[]>;
  /** Names of models. */
  models(): Promise<readonly string[]>;
  /** Deletes an entry, or all of a model. */
  remove(model: string, entry?: string): Promise<void>;
}

/** Name of a piece. */
export interface PieceAddress {
  readonly model: string;
  readonly entry: string;
  readonly piece: string;
}

/** Folder of these packages in the origin's private file system. */
export const OPFS_ROOT = "smolvlm";

/** Bytes of a piece: large enough that requests and files are few, small enough that some are in memory at once. */
export const PIECE_BYTES = 8 * 2 ** 20;

/** Longest name kept as it is; file systems stop at 255 bytes. */
const MAX_NAME_LENGTH = 180;

/** A name as a single part of a path, different for different names; {@link nameOfPart} turns back those of usual length. */
export function pathPart(name: string): string {
  const part = encodeURIComponent(name).replace(/\./g, "%2E");
  return part.length <= MAX_NAME_LENGTH ? part : `${part.slice(0, MAX_NAME_LENGTH - 20)}~${fingerprint([name])}`;
}

/** The name behind a {@link pathPart}. */
export function nameOfPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Whether the browser refuses to keep more for this site. */
export function isOutOfRoom(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
