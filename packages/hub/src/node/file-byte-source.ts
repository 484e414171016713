import { readSync } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { resolve } from "node:path";
import { ModelFileError, type ByteSource, type ReadOptions } from "@smolvlm/contracts";
import { checkRange } from "../memory-byte-source.js";
import { fileProblem } from "./file-problem.js";

/** Most bytes per system call: an abort is noticed in between, and Node refuses more than 2 GiB at once. */
const MAX_BYTES_PER_CALL = 64 * 2 ** 20;
/**
 * Most bytes that are read in this thread, in microseconds where the system has them in memory. Each token of an answer waits for such a read,
 * of a row of the embedding table; by way of another thread and back it takes seven times as long, with cold processor caches more.
 */
const MAX_BYTES_IN_THREAD = 16 * 2 ** 10;
/**
 * How long a file stays open after it was read, in milliseconds. The rows of an embedding table are read one by one, and opening and closing
 * take two to four times as long as reading one.
 */
const OPEN_MS = 500;

/**
 * A `ByteSource` over a local file, read by position. The file is open while it is read and a moment longer, so a source needs no
 * disposing; `path` is set, so a backend may map it.
 *
 * @param path - the file, absolute or relative to the working directory.
 * @param name - what error messages call it; the path when absent.
 * @throws ModelFileError when it does not exist, is not a file, or cannot be looked at.
 */
export async function fileByteSource(path: string, name: string = path): Promise<ByteSource> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch((cause: unknown) => {
    throw new ModelFileError(name, fileProblem(cause), { cause });
  });
  if (!found.isFile()) throw new ModelFileError(name, "is not a file.");
  return new FileByteSource(absolute, name, found.size, found.mtimeMs);
}

class FileByteSource implements ByteSource {
  #file: Promise<FileHandle> | undefined;
  #readers = 0;
  #closing: NodeJS.Timeout | undefined;

  constructor(
    readonly path: string,
    private readonly name: string,
    readonly size: number,
    readonly modified: number,
  ) {}

  async read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array> {
    options?.signal?.throwIfAborted();
    checkRange(this.name, this.size, offset, length);
    try {
      const file = await this.#open();
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        options?.signal?.throwIfAborted();
        const wanted = Math.min(length - done, MAX_BYTES_PER_CALL);
        const bytesRead =
          length <= MAX_BYTES_IN_THREAD
            ? readSync(file.fd, bytes, done, wanted, offset + done)
            : (await file.read(bytes, done, wanted, offset + done)).bytesRead;
        if (bytesRead === 0) {
          throw new ModelFileError(
            this.name,
            `ends at byte ${offset + done} although it had ${this.size} bytes when opened.`,
          );
        }
        done += bytesRead;
      }
      return bytes;
    } catch (cause) {
      if (ModelFileError.isInstance(cause) || options?.signal?.aborted) throw cause;
      throw new ModelFileError(this.name, fileProblem(cause), { cause });
    } finally {
      this.#leave();
    }
  }

  #open(): Promise<FileHandle> {
    this.#readers++;
    const file = (this.#file ??= open(this.path, "r"));
    // The next read tries again.
    file.catch(() => this.#file === file && (this.#file = undefined));
    return file;
  }

  #leave(): void {
    if (--this.#readers > 0) return;
    this.#closing ??= setTimeout(() => this.#close(), OPEN_MS).unref();
    this.#closing.refresh();
  }

  #close(): void {
    // Who reads now begins the time anew.
    if (this.#readers > 0) return;
    // What was read is whole; how closing ends is of no interest.
    void this.#file?.then((file) => file.close()).catch(() => undefined);
    this.#file = undefined;
  }
}
