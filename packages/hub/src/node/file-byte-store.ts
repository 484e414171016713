import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SmolVLMError, type ByteStore, type ReadOptions } from "@smolvlm/contracts";
import { StorageError } from "../errors.js";
import { wrongSize } from "../memory-byte-store.js";
import { fileByteSource } from "./file-byte-source.js";
import { errorCode, fileProblem } from "./file-problem.js";

/** Longest readable part of a file name; with hash and suffix it stays under the 255 bytes that file systems allow. */
const MAX_NAME_LENGTH = 120;

/**
 * A `ByteStore` whose entries are files in `folder`, which is made when first written to. An entry is written under a name of its
 * own, flushed, and renamed when it is complete, so that no process ever sees part of it and several may write at once. They
 * throw StorageError where the folder cannot be read or written, a full disk among other reasons.
 *
 * @param folder - absolute, or relative to the working directory; see `smolvlmCacheDir`.
 */
export function fileByteStore(folder: string): ByteStore {
  const root = resolve(folder);
  return {
    async get(key, options) {
      options?.signal?.throwIfAborted();
      const path = join(root, storedFileName(key));
      const found = await stat(path).catch((cause: unknown) => {
        const code = errorCode(cause);
        if (code === "ENOENT" || code === "ENOTDIR") return undefined;
        throw new StorageError(path, fileProblem(cause), { cause });
      });
      return found?.isFile() ? fileByteSource(path) : undefined;
    },
    async put(key, size, pieces, options) {
      const path = join(root, storedFileName(key));
      const temporary = `${path}.${randomUUID()}.incomplete`;
      try {
        await mkdir(root, { recursive: true });
        await writeExactly(temporary, key, size, pieces, options);
        await rename(temporary, path);
      } catch (cause) {
        await rm(temporary, { force: true }).catch(() => undefined);
        if (options?.signal?.aborted || SmolVLMError.isInstance(cause) || errorCode(cause) === undefined) throw cause;
        throw new StorageError(path, fileProblem(cause), { cause });
      }
      return fileByteSource(path);
    },
    async delete(key) {
      const path = join(root, storedFileName(key));
      await rm(path, { force: true }).catch((cause: unknown) => {
        throw new StorageError(path, fileProblem(cause), { cause });
      });
    },
  };
}

async function writeExactly(
  path: string,
  key: string,
  size: number,
  pieces: AsyncIterable<Uint8Array>,
  options: ReadOptions | undefined,
): Promise<void> {
  options?.signal?.throwIfAborted();
  await using file = await open(path, "wx");
  let written = 0;
  for await (const piece of pieces) {
    options?.signal?.throwIfAborted();
    if (written + piece.byteLength > size) throw wrongSize(key, size, written + piece.byteLength);
    for (let done = 0; done < piece.byteLength;) {
      const { bytesWritten } = await file.write(piece, done, piece.byteLength - done);
      done += bytesWritten;
    }
    written += piece.byteLength;
  }
  options?.signal?.throwIfAborted();
  if (written !== size) throw wrongSize(key, size, written);
  // Renaming without this could publish a file of zeros after a power cut.
  await file.sync();
}

/** A readable name for `key` that is a single path part on every file system, and different for different keys. */
export function storedFileName(key: string): string {
  const readable = key.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "");
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 16);
  return `${readable.slice(0, MAX_NAME_LENGTH)}.${hash}.bin`;
}
