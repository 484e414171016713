import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MediaError, type RawImage } from "@smolvlm/contracts";
import { checkLength, type ImageFile } from "../decode/image-file.js";
import { readBase64, readDataUrl } from "../decode/inline-image.js";
import { readInMemory, shortened } from "../decode/read-in-memory.js";
import type { ImageSource } from "../image-decoder.js";
import { displayUrl, fetchImage, type FetchLimits } from "./fetch-image.js";

/** Reads a regular file, and nothing that could block or never end. Undefined when there is none of that name. */
async function readPath(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new MediaError(path, "is not a file.");
      checkLength(path, status.size, maxBytes);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (MediaError.isInstance(cause)) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENAMETOOLONG" || code === "ENOTDIR" || code === "ERR_INVALID_ARG_VALUE")
      return undefined;
    throw new MediaError(path, `could not be read (${code ?? String(cause)}).`, { cause });
  }
}

async function readText(text: string, limits: FetchLimits, signal: AbortSignal | undefined): Promise<ImageFile> {
  if (/^https?:\/\//i.test(text)) {
    if (!URL.canParse(text)) throw new MediaError(text, "is not a valid URL.");
    return readUrl(new URL(text), limits, signal);
  }
  if (/^data:/i.test(text)) return readDataUrl(text, limits.maxBytes);
  if (/^file:\/\//i.test(text) && URL.canParse(text)) return readUrl(new URL(text), limits, signal);
  const bytes = await readPath(text, limits.maxBytes);
  if (bytes) return { media: text, bytes };
  const encoded = readBase64(text, limits.maxBytes);
  if (encoded) return encoded;
  throw new MediaError(
    shortened(text),
    "there is no such file. Give a path, an http(s), file: or data: URL, or base64 text.",
  );
}

async function readUrl(url: URL, limits: FetchLimits, signal: AbortSignal | undefined): Promise<ImageFile> {
  switch (url.protocol) {
    case "http:":
    case "https:":
      return { media: displayUrl(url), bytes: await fetchImage(url, limits, signal) };
    case "data:":
      return readDataUrl(url.href, limits.maxBytes);
    case "file:": {
      const path = filePath(url);
      const bytes = await readPath(path, limits.maxBytes);
      if (!bytes) throw new MediaError(path, "there is no such file.");
      return { media: path, bytes };
    }
    default:
      throw new MediaError(displayUrl(url), `${url.protocol} URLs are not read; give an http(s), file: or data: URL.`);
  }
}

function filePath(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new MediaError(url.href, "is not the URL of a file on this machine.", { cause });
  }
}

const EXPECTED = "a path, a URL, bytes, a Blob or a RawImage";

/**
 * The bytes of a picture, or its pixels where it was given as such.
 *
 * @throws MediaError when it cannot be had or is over a limit; InvalidArgumentError for a source of another type.
 */
export async function readImageSource(
  source: ImageSource,
  limits: FetchLimits,
  signal: AbortSignal | undefined,
): Promise<ImageFile | RawImage> {
  if (typeof source === "string") return readText(source, limits, signal);
  if (source instanceof URL) return readUrl(source, limits, signal);
  return readInMemory(source, EXPECTED, limits.maxBytes);
}
