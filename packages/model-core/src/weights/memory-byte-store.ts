import { ModelFileError, type ByteSource, type ByteStore } from "@smolvlm/contracts";

/** Where converted weights are kept when the caller gives no store: in memory, as long as the model. */
export function memoryByteStore(): ByteStore {
  const entries = new Map<string, ByteSource>();
  return {
    get: (key) => Promise.resolve(entries.get(key)),
    async put(key, size, pieces) {
      const bytes = new Uint8Array(size);
      let at = 0;
      for await (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.byteLength;
      }
      const source: ByteSource = {
        size,
        async read(offset, length) {
          if (offset >= 0 && length >= 0 && offset + length <= size) return bytes.subarray(offset, offset + length);
          throw new ModelFileError(key, `bytes ${offset}–${offset + length} were asked for, but it has ${size} bytes.`);
        },
      };
      entries.set(key, source);
      return source;
    },
    async delete(key) {
      entries.delete(key);
    },
  };
}
