import { ModelFileError, type ByteSource } from "@smolvlm/contracts";
import { checkRange } from "../memory-byte-source.js";

/**
 * A `ByteSource` over a `Blob` or `File`, which is read range by range.
 *
 * @param name - what error messages call it.
 */
export function blobByteSource(blob: Blob, name: string): ByteSource {
  return {
    size: blob.size,
    async read(offset, length, options) {
      options?.signal?.throwIfAborted();
      checkRange(name, blob.size, offset, length);
      const bytes = await readBlob(blob.slice(offset, offset + length), name);
      options?.signal?.throwIfAborted();
      return bytes;
    },
    stored: async () => ({ blob }),
  };
}

/** All bytes of a blob. @throws ModelFileError when what it stands for was changed or deleted. */
export async function readBlob(blob: Blob, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new ModelFileError(name, "was changed or deleted while it was in use; load the model again.", { cause });
  }
}
