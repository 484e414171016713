import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SmolVLMError } from "@smolvlm/contracts";
import { FileIntegrityError, StorageError } from "../errors.js";
import type { HttpClient } from "../remote/http-client.js";
import { transfer, type TransferSink, type TransferSource } from "../remote/transfer.js";
import { contentHash, type ContentHash } from "./content-hash.js";
import { withFileLock } from "./file-lock.js";
import { errorCode, fileProblem } from "./file-problem.js";

/** A file to download into the cache. */
export interface BlobDownload extends TransferSource {
  /** Where it goes. */
  readonly path: string;
  /** What `contentHash` must give; undefined where no hash is known. */
  readonly hash: string | undefined;
  /** The lock file. */
  readonly lock: string;
  /** Called with the bytes gained, negative when some are thrown away. */
  readonly onBytes: (count: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** How often a file that arrives damaged is fetched again from its start. */
const MAX_FRESH_STARTS = 1;
/** Bytes read at once while a part that was there already is hashed. */
const HASH_CHUNK = 4 * 2 ** 20;

/**
 * Downloads a blob under a name of this download's own, going on where an interrupted one stopped, checks its hash, and only then
 * gives it its real name. Whatever happens in between, the real name never shows a partial file; what was fetched stays as
 * `….incomplete` for the next attempt.
 *
 * @throws FileIntegrityError, HubError, or StorageError when the cache cannot be written.
 */
export async function downloadBlob(client: HttpClient, download: BlobDownload): Promise<void> {
  let counted = 0;
  const count = (bytes: number): void => {
    counted += bytes;
    if (bytes !== 0) download.onBytes(bytes);
  };
  try {
    await mkdir(dirname(download.path), { recursive: true });
    await withFileLock(
      download.lock,
      () => isComplete(download),
      download.signal,
      async () => {
        const partial = await claimPartial(download.path);
        await fill(client, download, partial, count);
        try {
          await rename(partial, download.path);
        } catch (cause) {
          // Another process took the part over because this one seemed dead, and finished it.
          if (!(await isComplete(download))) throw cause;
        }
        await Promise.all((await partials(download.path)).map((path) => rm(path, { force: true })));
      },
    );
    count(download.size - counted);
  } catch (cause) {
    if (download.signal?.aborted || SmolVLMError.isInstance(cause) || errorCode(cause) === undefined) throw cause;
    throw new StorageError(download.path, fileProblem(cause), { cause });
  }
}

/** Whether the blob is there, whole. A file of another length was damaged by something else and is replaced. */
export async function isComplete({ path, size }: { readonly path: string; readonly size: number }): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === size;
}

/** Bytes of a blob that an earlier, interrupted download left. */
export async function partialBytes(path: string): Promise<number> {
  const sizes = await Promise.all(
    (await partials(path)).map(async (part) => (await stat(part).catch(() => undefined))?.size ?? 0),
  );
  return Math.max(0, ...sizes);
}

async function fill(
  client: HttpClient,
  download: BlobDownload,
  partial: string,
  count: (bytes: number) => void,
): Promise<void> {
  const { size, name, hash: expected } = download;
  await using file = await open(partial, constants.O_RDWR | constants.O_CREAT, 0o666);
  for (let fresh = 0; ; fresh++) {
    const sink = new FileSink(file, () => contentHash(expected, size), count);
    await sink.resume(size, download.signal);
    await transfer(client, download, sink, download.signal);
    const found = sink.digest();
    if (found === expected) break;
    await sink.restart();
    if (fresh >= MAX_FRESH_STARTS) {
      await rm(partial, { force: true });
      throw new FileIntegrityError({ file: name, expected: `hash ${expected}`, found: `hash ${found}` });
    }
  }
  // Renaming without this could publish a file of zeros after a power cut.
  await file.sync();
}

class FileSink implements TransferSink {
  position = 0;
  private hash: ContentHash;

  constructor(
    private readonly file: FileHandle,
    private readonly newHash: () => ContentHash,
    private readonly count: (bytes: number) => void,
  ) {
    this.hash = newHash();
  }

  /** Takes what the file already holds as its beginning. */
  async resume(size: number, signal: AbortSignal | undefined): Promise<void> {
    const held = (await this.file.stat()).size;
    if (held > size) await this.file.truncate(0);
    const buffer = new Uint8Array(Math.min(HASH_CHUNK, held));
    while (held <= size && this.position < held) {
      signal?.throwIfAborted();
      const { bytesRead } = await this.file.read(buffer, 0, buffer.byteLength, this.position);
      if (bytesRead === 0) break;
      this.hash.update(buffer.subarray(0, bytesRead));
      this.position += bytesRead;
    }
    this.count(this.position);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await this.file.write(bytes, done, bytes.byteLength - done, this.position + done);
      done += bytesWritten;
    }
    this.hash.update(bytes);
    this.position += bytes.byteLength;
    this.count(bytes.byteLength);
  }

  async restart(): Promise<void> {
    await this.file.truncate(0);
    this.count(-this.position);
    this.position = 0;
    this.hash = this.newHash();
  }

  digest(): string | undefined {
    return this.hash.digest();
  }
}

/**
 * A file name of this download's own that holds what the longest interrupted download left, taken over by renaming: of two
 * processes only one succeeds. Python's `.incomplete` files are left alone, since they may be in use.
 */
async function claimPartial(blob: string): Promise<string> {
  const own = `${blob}.smolvlm-${randomUUID().slice(0, 8)}.incomplete`;
  const found = await Promise.all(
    (await partials(blob)).map(async (path) => ({ path, size: (await stat(path).catch(() => undefined))?.size ?? 0 })),
  );
  for (const { path } of found.sort((a, b) => b.size - a.size)) {
    const claimed = await rename(path, own).then(
      () => true,
      () => false,
    );
    if (claimed) break;
  }
  return own;
}

async function partials(blob: string): Promise<readonly string[]> {
  const folder = dirname(blob);
  const start = `${basename(blob)}.smolvlm-`;
  const names = await readdir(folder).catch(() => [] as string[]);
  return names
    .filter((name) => name.startsWith(start) && name.endsWith(".incomplete"))
    .map((name) => join(folder, name));
}
