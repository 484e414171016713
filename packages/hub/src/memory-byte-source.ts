import { ModelFileError, type ByteSource } from "@smolvlm/contracts";

/**
 * A `ByteSource` over bytes already in memory, which are not copied: what `read` returns are views of them.
 *
 * @param bytes - the whole content; must not change while the source is in use.
 * @param name - what error messages call it.
 */
export function memoryByteSource(bytes: Uint8Array, name = "bytes in memory"): ByteSource {
  return {
    size: bytes.byteLength,
    async read(offset, length, options) {
      options?.signal?.throwIfAborted();
      checkRange(name, bytes.byteLength, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/**
 * Checks that `[offset, offset + length)` lies within a file of `size` bytes, before anything is allocated for it.
 *
 * @throws ModelFileError naming `file` when it does not.
 * @internal
 */
export function checkRange(file: string, size: number, offset: number, length: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (whole && offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new ModelFileError(file, `bytes ${offset}–${offset + length} were asked for, but it has ${size} bytes.`);
}
