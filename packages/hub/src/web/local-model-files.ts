import { InvalidArgumentError, ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import { fingerprint } from "../fingerprint.js";
import { checkRelativePath } from "../relative-path.js";
import { blobByteSource } from "./blob-byte-source.js";

/** Most files of a folder that is opened; a checkpoint has dozens, and this is not somebody's home. */
const MAX_FILES = 10_000;
/** Folders within folders that are looked into. */
const MAX_DEPTH = 4;

/**
 * A folder that the person in front of the page has chosen (`showDirectoryPicker`, or a dropped folder), as `ModelFiles`. Nothing is
 * copied.
 *
 * @throws ModelFileError when it cannot be read.
 */
export async function directoryModelFiles(
  directory: FileSystemDirectoryHandle,
  options: ReadOptions = {},
): Promise<ModelFiles> {
  const files = new Map<string, File>();
  try {
    await collect(directory, "", 0, files, options.signal);
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (ModelFileError.isInstance(cause)) throw cause;
    throw new ModelFileError(directory.name, "this folder cannot be read; choose it again and allow it.", { cause });
  }
  return modelFilesOf(directory.name, files);
}

/**
 * Files that the person in front of the page has chosen (`<input type="file" webkitdirectory>` or `multiple`), as `ModelFiles`. What
 * all paths begin with is left out.
 *
 * @throws InvalidArgumentError when there are none.
 */
export function chosenModelFiles(chosen: Iterable<File>): ModelFiles {
  const all = [...chosen].map((file) => ({ file, parts: (file.webkitRelativePath || file.name).split("/") }));
  const [first] = all;
  if (!first || all.length > MAX_FILES) {
    const found = `${all.length} files`;
    throw new InvalidArgumentError({ argument: "model", expected: "the files of one model's folder", found });
  }
  let shared = 0;
  while (all.every(({ parts }) => parts.length > shared + 1 && parts[shared] === first.parts[shared])) shared++;
  const files = new Map(all.map(({ file, parts }) => [parts.slice(shared).join("/"), file]));
  return modelFilesOf(first.parts[shared - 1] ?? "chosen files", files);
}

function modelFilesOf(id: string, files: ReadonlyMap<string, File>): ModelFiles {
  const versions = [...files].map(([path, { size, lastModified }]) => `${path}\0${size}\0${lastModified}\0`).sort();
  return {
    id,
    revision: `folder-${fingerprint(versions)}`,
    async list(options) {
      options?.signal?.throwIfAborted();
      return [...files.keys()].sort();
    },
    async open(path, options) {
      options?.signal?.throwIfAborted();
      const file = files.get(checkRelativePath(path));
      return file && blobByteSource(file, path);
    },
    async prefetch(_paths, options) {
      options?.signal?.throwIfAborted();
    },
  };
}

async function collect(
  directory: FileSystemDirectoryHandle,
  prefix: string,
  depth: number,
  files: Map<string, File>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const [name, handle] of directory.entries()) {
    signal?.throwIfAborted();
    if (handle.kind === "file") files.set(prefix + name, await (handle as FileSystemFileHandle).getFile());
    else if (depth < MAX_DEPTH && !name.startsWith(".")) {
      await collect(handle as FileSystemDirectoryHandle, `${prefix}${name}/`, depth + 1, files, signal);
    }
    if (files.size > MAX_FILES) {
      throw new ModelFileError(directory.name, `has more than ${MAX_FILES} files; choose the folder of one model.`);
    }
  }
}
