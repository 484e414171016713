/**
 * What a failed file-system call means for the person at the keyboard, as the end of a sentence that starts with the file's name.
 *
 * @internal
 */
export function fileProblem(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case "ENOENT":
      return "does not exist.";
    case "EACCES":
    case "EPERM":
      return "cannot be accessed (permission denied); check the permissions of the file and of the folders above it.";
    case "EROFS":
      return "cannot be written: the file system is read-only; choose another folder.";
    case "ENOSPC":
    case "EDQUOT":
      return "cannot be written: the disk is full; free some space or choose a folder on another disk.";
    case "EMFILE":
    case "ENFILE":
      return "cannot be opened: too many files are open.";
    case "EISDIR":
      return "is a folder, not a file.";
    case "ENOTDIR":
    case "EEXIST":
      return "is not a folder, or something above it is not.";
    case "ELOOP":
      return "is a symbolic link that leads back to itself.";
    case "EIO":
      return "cannot be read or written: the disk reports an error (EIO).";
    default:
      return `cannot be used: ${error instanceof Error ? error.message : String(error)}${code ? "" : "."}`;
  }
}

/**
 * The system's code of an error (`ENOENT`), also where it is the cause of the error.
 *
 * @internal
 */
export function errorCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 8; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    if (typeof code === "string") return code;
    at = cause;
  }
  return undefined;
}
