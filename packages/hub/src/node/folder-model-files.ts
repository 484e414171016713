import { createHash } from "node:crypto";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import { checkRelativePath } from "../relative-path.js";
import { fileByteSource } from "./file-byte-source.js";
import { errorCode, fileProblem } from "./file-problem.js";

/** A model has some dozens of files; more than this is a home folder given by mistake, and listing it would take minutes. */
const MAX_FILES = 10_000;
/** Deepest nesting listed, for the same reason. */
const MAX_DEPTH = 8;

interface FoundFile {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

/**
 * The files of a folder as `ModelFiles`. Symbolic links are followed (the Hub's cache consists of them); hidden files and folders
 * are left out; a path that leads out of the folder with `..` is refused.
 *
 * @param folder - absolute, or relative to the working directory.
 * @throws ModelFileError when the folder does not exist, cannot be read or holds more than 10000 files.
 */
export async function folderModelFiles(folder: string, options: ReadOptions = {}): Promise<ModelFiles> {
  const root = resolve(folder);
  const files = await listFolder(root, folder, options);
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file.path}\0${file.size}\0${file.modified}\0`);
  return {
    id: folder,
    revision: `folder-${hash.digest("hex").slice(0, 40)}`,
    async list(listOptions) {
      return (await listFolder(root, folder, listOptions ?? {})).map((file) => file.path);
    },
    async open(path, openOptions) {
      openOptions?.signal?.throwIfAborted();
      return openInFolder(root, path);
    },
    async prefetch(paths, prefetchOptions) {
      prefetchOptions?.signal?.throwIfAborted();
      paths.forEach(checkRelativePath);
    },
  };
}

async function openInFolder(root: string, path: string) {
  const absolute = join(root, checkRelativePath(path));
  try {
    const found = await stat(absolute);
    if (found.isDirectory()) return undefined;
  } catch (cause) {
    const code = errorCode(cause);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw new ModelFileError(path, fileProblem(cause), { cause });
    const link = await lstat(absolute).catch(() => undefined);
    if (!link) return undefined;
    throw new ModelFileError(path, "is a symbolic link to a file that does not exist; download the model again.", {
      cause,
    });
  }
  return fileByteSource(absolute, path);
}

/**
 * The files below a folder, sorted by path.
 *
 * @param name - what error messages call the folder.
 * @param maxFiles - most files and folders it may hold.
 * @throws ModelFileError as `folderModelFiles`.
 */
export async function listFolder(
  root: string,
  name: string,
  options: ReadOptions,
  maxFiles = MAX_FILES,
): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = [];
  const visited = new Set<string>();

  async function walk(folder: string, prefix: string, depth: number): Promise<void> {
    options.signal?.throwIfAborted();
    // A link to a folder above would otherwise be walked for ever.
    const real = await realpath(folder);
    if (visited.has(real)) return;
    visited.add(real);
    const entries = (await readdir(folder)).filter((entry) => !entry.startsWith("."));
    // Before each of them is looked at, which is what takes long.
    if (files.length + entries.length > maxFiles) {
      throw new ModelFileError(name, `holds more than ${maxFiles} files; give the folder that contains config.json.`);
    }
    const found = await Promise.all(entries.map((entry) => stat(join(folder, entry)).catch(() => undefined)));
    for (const [index, entry] of entries.entries()) {
      const details = found[index];
      if (details?.isFile()) files.push({ path: prefix + entry, size: details.size, modified: details.mtimeMs });
      if (details?.isDirectory() && depth < MAX_DEPTH) await walk(join(folder, entry), `${prefix}${entry}/`, depth + 1);
    }
  }

  try {
    await walk(root, "", 0);
  } catch (cause) {
    if (ModelFileError.isInstance(cause) || options.signal?.aborted) throw cause;
    const problem =
      errorCode(cause) === "ENOTDIR" ? "is a file; give the folder that contains it." : fileProblem(cause);
    throw new ModelFileError(name, problem, { cause });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
