import { InvalidArgumentError, MediaError, type RawImage } from "@smolvlm/contracts";
import { checkLength, type ImageFile } from "../decode/image-file.js";
import { readBase64, readDataUrl } from "../decode/inline-image.js";
import type { ImageSource } from "../image-decoder.js";
import { fetchImage, type FetchLimits } from "./fetch-image.js";
import { objectKind } from "./object-kind.js";

/** A URL without what may be secret in it. */
function displayUrl(url: URL): string {
  return url.protocol === "blob:" ? "blob: URL" : url.origin + url.pathname;
}

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
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  throw new MediaError(
    shown,
    "is not a URL that can be read here. Give a whole http(s), blob: or data: URL, or a File.",
  );
}

function isRawImage(source: object): source is RawImage {
  return "data" in source && "width" in source && "height" in source;
}

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
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
    checkLength("bytes", bytes.length, limits.maxBytes);
    return { media: "bytes", bytes };
  }
  if (source instanceof Blob) {
    const media = "name" in source && typeof source.name === "string" ? source.name : "Blob";
    checkLength(media, source.size, limits.maxBytes);
    try {
      return { media, bytes: new Uint8Array(await source.arrayBuffer()) };
    } catch (cause) {
      throw new MediaError(media, "could not be read; was the file moved or changed? Choose it again.", { cause });
    }
  }
  if (typeof source === "object" && source !== null && isRawImage(source)) return source;
  const expected =
    "a URL, bytes, a Blob, pixels, or what a page can draw: a picture, canvas, video, frame or camera track";
  throw new InvalidArgumentError({ argument: "image", expected, found: objectKind(source) });
}
