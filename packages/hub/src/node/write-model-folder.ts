import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InvalidArgumentError, ModelFileError, SmolVLMError, type OpenOptions } from "@smolvlm/contracts";
import { StorageError } from "../errors.js";
import { checkRelativePath } from "../relative-path.js";
import { errorCode, fileProblem } from "./file-problem.js";

/** A file to be written. */
export interface FolderFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  pieces(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>;
}

/** Options of {@link writeModelFolder}. */
export interface WriteFolderOptions extends OpenOptions {
  /** Whether a folder that has something in it is replaced; otherwise it is refused. */
  readonly force?: boolean | undefined;
  /** Looks at the folder, as complete as it will be, before it gets its place; what it throws is an error like others. */
  readonly check?: ((folder: string) => Promise<void>) | undefined;
}

/**
 * Writes a folder that is there when all of it is: it is written beside its place under another name, which is changed at the end. After an
 * error or an abort nothing remains.
 *
 * @throws InvalidArgumentError when the folder has something in it; StorageError when it cannot be written; whatever the files' pieces and
 * the check throw; the signal's reason when it is aborted.
 */
export async function writeModelFolder(
  folder: string,
  files: readonly FolderFile[],
  { force = false, check, signal, onProgress }: WriteFolderOptions = {},
): Promise<void> {
  const place = resolve(folder);
  signal?.throwIfAborted();
  if (!force && (await hasEntries(place))) {
    throw new InvalidArgumentError({ argument: "folder", expected: "one that is new or empty", found: folder });
  }
  const temporary = join(dirname(place), `.${basename(place)}.${randomUUID().slice(0, 8)}.incomplete`);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let loaded = 0;
  try {
    for (const file of files) {
      const path = join(temporary, checkRelativePath(file.path));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, file, signal, (bytes) => {
        loaded += bytes;
        onProgress?.({ stage: "convert", name: file.path, loaded, total, unit: "bytes" });
      });
    }
    await check?.(temporary);
    signal?.throwIfAborted();
    await publish(temporary, place);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (signal?.aborted || SmolVLMError.isInstance(cause) || errorCode(cause) === undefined) throw cause;
    throw new StorageError(place, fileProblem(cause), { cause });
  }
}

async function hasEntries(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return false;
    throw new StorageError(folder, fileProblem(cause), { cause });
  }
}

/** What was there before is moved away first and removed last, so that the place is never half of each. */
async function publish(temporary: string, place: string): Promise<void> {
  const old = `${temporary}.old`;
  const hadOne = await rename(place, old).then(
    () => true,
    () => false,
  );
  try {
    await rename(temporary, place);
  } catch (error) {
    if (hadOne) await rename(old, place);
    throw error;
  }
  if (hadOne) await rm(old, { recursive: true, force: true });
}

async function writeFile(
  path: string,
  { path: name, size, pieces }: FolderFile,
  signal: AbortSignal | undefined,
  onWritten: (bytes: number) => void,
): Promise<void> {
  await using file = await open(path, "wx");
  let written = 0;
  for await (const piece of pieces({ signal })) {
    signal?.throwIfAborted();
    for (let done = 0; done < piece.byteLength;) {
      done += (await file.write(piece, done, piece.byteLength - done)).bytesWritten;
    }
    written += piece.byteLength;
    onWritten(piece.byteLength);
  }
  if (written !== size) throw new ModelFileError(name, `${size} bytes were announced, but ${written} were made.`);
  await file.sync();
}
