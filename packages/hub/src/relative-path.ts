import { ModelFileError } from "@smolvlm/contracts";

/** Longest path accepted from a checkpoint's listing or index; file systems stop at 255 bytes a name and 4096 a path. */
const MAX_PATH_LENGTH = 1024;

/**
 * Checks that a path, which may come from a downloaded listing or a shard index, stays within the model: relative, with forward
 * slashes, no `..`, no drive, no control characters.
 *
 * @returns the path itself.
 * @throws ModelFileError when it does not.
 * @internal
 */
export function checkRelativePath(path: string): string {
  const bad =
    path === "" ||
    path.length > MAX_PATH_LENGTH ||
    /[\\:\p{Cc}]/u.test(path) ||
    path.split("/").some((part) => part === "" || part === "." || part === "..");
  if (bad) {
    throw new ModelFileError(
      JSON.stringify(path.slice(0, 200)),
      "is not a path within the model's folder; it is not opened.",
    );
  }
  return path;
}
