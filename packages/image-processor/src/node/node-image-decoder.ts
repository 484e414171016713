import { MediaError, type RawImage, type ReadOptions } from "@smolvlm/contracts";
import type { ImageDecoder, ImageSource, OpenedImage } from "../image-decoder.js";
import { decodeBmp } from "../decode/decode-bmp.js";
import type { DecodeContext } from "../decode/decode-context.js";
import { decodeGif } from "../decode/decode-gif.js";
import { limit, MAX_BYTES, MAX_PIXELS, TIMEOUT_MS } from "../decode/decoder-limits.js";
import { openWithSharp } from "./decode-with-sharp.js";
import type { FetchLimits } from "./fetch-image.js";
import { imageKind } from "../decode/image-kind.js";
import { readImageSource } from "./read-image-source.js";

/** Options of `nodeImageDecoder`. */
export interface NodeImageDecoderOptions {
  /** Most pixels of a picture, read from its header before it is decoded. Default 178,956,970, where Pillow refuses too. */
  readonly maxPixels?: number | undefined;
  /** Most bytes of a picture's file. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** How long fetching a URL may take in all, milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** How many redirects a URL may make. Default 5. */
  readonly maxRedirects?: number | undefined;
  /**
   * Whether a URL may be fetched; asked again for each redirect. A server that takes URLs from its users should refuse here what
   * is not public. Default: every http(s) URL.
   */
  readonly allowUrl?: ((url: URL) => boolean | Promise<boolean>) | undefined;
  /**
   * Whether pictures are turned as their EXIF (or XMP) orientation says, as the reference does for paths and URLs. Default true. An
   * AVIF file's own rotation is always applied.
   */
  readonly autoOrient?: boolean | undefined;
}

const MAX_REDIRECTS = 5;

/** Pixels that are there. */
function openedPixels(image: RawImage): OpenedImage {
  return { width: image.width, height: image.height, decode: async () => image };
}

async function openBytes(bytes: Uint8Array, context: DecodeContext): Promise<OpenedImage> {
  const found = imageKind(bytes);
  // Their own decoders have no second step.
  if (found?.kind === "gif") return openedPixels(decodeGif(bytes, context));
  if (found?.kind === "bmp") return openedPixels(decodeBmp(bytes, context));
  if (found?.kind !== undefined) return openWithSharp(bytes, found.kind, context);
  const unknown = found ? `is ${found.name}, which is not supported` : "is not a picture of a known kind";
  throw new MediaError(
    context.media,
    `${bytes.length === 0 ? "is empty" : unknown}; give a JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP file.`,
  );
}

/**
 * An `ImageDecoder` for Node. It reads paths, http(s), `file:` and `data:` URLs, base64 text, bytes and Blobs, and gives the pixels
 * that Pillow's `convert("RGB")` gives; the package's README lists the files that differ. JPEG, PNG, WebP, AVIF and TIFF need the
 * package `sharp`.
 *
 * @throws InvalidArgumentError for an option out of range.
 */
export function nodeImageDecoder(options: NodeImageDecoderOptions = {}): ImageDecoder {
  const limits: FetchLimits = {
    maxBytes: limit("maxBytes", options.maxBytes, MAX_BYTES),
    timeoutMs: limit("timeoutMs", options.timeoutMs, TIMEOUT_MS),
    maxRedirects: limit("maxRedirects", options.maxRedirects, MAX_REDIRECTS),
    allowUrl: options.allowUrl ?? (() => true),
  };
  const maxPixels = limit("maxPixels", options.maxPixels, MAX_PIXELS);
  const autoOrient = options.autoOrient ?? true;
  const open = async (source: ImageSource, { signal }: ReadOptions = {}): Promise<OpenedImage> => {
    signal?.throwIfAborted();
    const read = await readImageSource(source, limits, signal);
    if ("data" in read) return openedPixels(read);
    const opened = await openBytes(read.bytes, { media: read.media, maxPixels, autoOrient });
    signal?.throwIfAborted();
    return opened;
  };
  return { open, decode: async (source, options) => (await open(source, options)).decode(options) };
}
