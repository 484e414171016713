import { ModelFileError, type ByteStore, type ByteSource } from "@smolvlm/contracts";
import { memoryByteSource } from "./memory-byte-source.js";

/** A `ByteStore` that lives as long as the process: for tests, and where nothing may be written to disk. */
export function memoryByteStore(): ByteStore {
  const entries = new Map<string, ByteSource>();
  return {
    async get(key, options) {
      options?.signal?.throwIfAborted();
      return entries.get(key);
    },
    async put(key, size, pieces, options) {
      const bytes = new Uint8Array(size);
      let written = 0;
      for await (const piece of pieces) {
        options?.signal?.throwIfAborted();
        if (written + piece.byteLength > size) throw wrongSize(key, size, written + piece.byteLength);
        bytes.set(piece, written);
        written += piece.byteLength;
      }
      options?.signal?.throwIfAborted();
      if (written !== size) throw wrongSize(key, size, written);
      const source = memoryByteSource(bytes, key);
      entries.set(key, source);
      return source;
    },
    async delete(key) {
      entries.delete(key);
    },
  };
}

/**
 * The error of a `put` whose pieces do not add up to the promised size.
 *
 * @internal
 */
export function wrongSize(key: string, expected: number, found: number): ModelFileError {
  return new ModelFileError(key, `${expected} bytes were announced, but ${found} were written; nothing was stored.`);
}
