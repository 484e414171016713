import { MediaError, type RawImage } from "@smolvlm/contracts";
import type { ImageFile } from "../decode/image-file.js";
import { readBase64, readDataUrl } from "../decode/inline-image.js";
import { readInMemory, shortened } from "../decode/read-in-memory.js";
import type { ImageSource } from "../image-decoder.js";
import { fetchImage } from "./fetch-image.js";
import { displayUrl, type FetchLimits } from "./fetch-media.js";

/** Text as a URL, relative to the page or worker; undefined where it is none, as relative text in a worker made of a blob. */
function resolveUrl(text: string): URL | undefined {
  // A request resolves as `fetch` does, by the page's <base> too.
  try {
    return new URL(new Request(text).url);
  } catch {
    return undefined;
  }
}

async function readUrl(url: URL, limits: FetchLimits, signal: AbortSignal | undefined): Promise<ImageFile> {
  const media = displayUrl(url);
  switch (url.protocol) {
    case "http:":
    case "https:":
    case "blob:":
    case "chrome-extension:":
    case "moz-extension:":
      return { media, bytes: await fetchImage(url, media, limits, signal) };
    case "data:":
      return readDataUrl(url.href, limits.maxBytes);
    case "file:":
      throw new MediaError(media, "a page may not read files by their address; give the File of an <input> or a drop.");
    default:
      throw new MediaError(media, `${url.protocol} URLs are not read; give an http(s), blob: or data: URL.`);
  }
}

async function readText(text: string, limits: FetchLimits, signal: AbortSignal | undefined): Promise<ImageFile> {
  if (/^data:/i.test(text)) return readDataUrl(text, limits.maxBytes);
  const encoded = readBase64(text, limits.maxBytes);
  if (encoded) return encoded;
  const url = resolveUrl(text);
  if (url) return readUrl(url, limits, signal);
  throw new MediaError(
    shortened(text),
    "is not a URL that can be read here. Give a whole http(s), blob: or data: URL, or a File.",
  );
}

const EXPECTED =
  "a URL, bytes, a Blob, pixels, or what a page can draw: a picture, canvas, video, frame or camera track";

/**
 * The bytes of a picture's file, or its pixels where it was given as such.
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
