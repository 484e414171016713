import { ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import { MAX_CONFIG_BYTES } from "./limits.js";

/** Options of reading one file: the usual ones, and the most bytes it may have ({@link MAX_CONFIG_BYTES} by default). */
export interface ReadFileOptions extends ReadOptions {
  readonly maxBytes?: number | undefined;
}

/** The bytes of one file of a checkpoint; undefined when the checkpoint does not have it. @throws ModelFileError when it is larger than `maxBytes`. */
export async function readBytes(
  files: ModelFiles,
  path: string,
  options: ReadFileOptions = {},
): Promise<Uint8Array | undefined> {
  const { maxBytes = MAX_CONFIG_BYTES, signal } = options;
  const source = await files.open(path, { signal });
  if (source === undefined) return undefined;
  if (source.size > maxBytes) {
    throw new ModelFileError(
      path,
      `it has ${source.size} bytes and at most ${maxBytes} are accepted; this is not such a file.`,
    );
  }
  return source.read(0, source.size, { signal });
}

/**
 * The text of one UTF-8 file of a checkpoint, without a byte order mark; undefined when the checkpoint does not have it.
 *
 * @throws ModelFileError when it is larger than `maxBytes` or is not UTF-8.
 */
export async function readTextFile(
  files: ModelFiles,
  path: string,
  options?: ReadFileOptions,
): Promise<string | undefined> {
  const bytes = await readBytes(files, path, options);
  return bytes && decodeText(bytes, path);
}

/** The text of the file `path`, without a byte order mark. @throws ModelFileError when it is not UTF-8. */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ModelFileError(path, "it is not UTF-8 text; fetch the file again.", { cause });
  }
}

/**
 * The value of one JSON file of a checkpoint; undefined when the checkpoint does not have it.
 *
 * @throws ModelFileError when it is larger than `maxBytes`, is not UTF-8, or is not JSON.
 */
export async function readJsonFile(files: ModelFiles, path: string, options: ReadFileOptions = {}): Promise<unknown> {
  const text = await readTextFile(files, path, options);
  return text === undefined ? undefined : parseJson(text, path);
}

/** @throws ModelFileError when the text of the file `path` is not JSON. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/\s+/g, " ") : "unreadable";
    throw new ModelFileError(path, `it is not JSON (${reason}); fetch the file again.`, { cause });
  }
}
