import type { ReadOptions } from "@smolvlm/contracts";

/** A file of a model folder, whose bytes are made while they are read. */
export interface ModelFolderFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** All of its bytes, in order. @throws the signal's reason when it is aborted. */
  pieces(options?: ReadOptions): AsyncIterable<Uint8Array>;
}

/** A file whose bytes are there. */
export function modelFolderFile(path: string, bytes: Uint8Array): ModelFolderFile {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  return { path, size: bytes.length, pieces };
}
