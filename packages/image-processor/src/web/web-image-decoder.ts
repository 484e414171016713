import { MediaError, type RawImage, type ReadOptions } from "@smolvlm/contracts";
import type { DecodeContext } from "../decode/decode-context.js";
import { limit, MAX_BYTES, MAX_PIXELS, TIMEOUT_MS } from "../decode/decoder-limits.js";
import { readImageHeader } from "../decode/image-header.js";
import { imageKind } from "../decode/image-kind.js";
import { orientPixels } from "../decode/orient-pixels.js";
import type { ImageDecoder, ImageSource } from "../image-decoder.js";
import { decodeWithBrowser } from "./decode-with-browser.js";
import type { FetchLimits } from "./fetch-media.js";
import { isGrey16Png } from "./is-grey16-png.js";
import { isDrawable, readDrawable, type Drawable } from "./read-drawable.js";
import { readImageSource } from "./read-image-source.js";

declare module "../image-decoder.js" {
  // With it a conversation may hold what a page can draw, wherever this module's types are known: in pages, not in Node.
  interface ImageSources {
    readonly pagePixels: ImageData;
    readonly drawable: Drawable;
  }
}

/** What a picture may be given as in a browser: a file in one of its forms, pixels, or what a page can draw. */
export type WebImageSource = ImageSource | ImageData | Drawable;

/** Options of `webImageDecoder`. */
export interface WebImageDecoderOptions {
  /** Most pixels of a picture, read from its header before it is decoded. Default 178,956,970, where Pillow refuses too. */
  readonly maxPixels?: number | undefined;
  /** Most bytes of a picture's file. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** How long fetching a URL may take in all, milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether files are turned as their EXIF (or XMP) orientation says, as the reference does for paths and URLs. Default true. An AVIF
   * file's own rotation is always applied, and so is that of an `<img>`.
   */
  readonly autoOrient?: boolean | undefined;
}

/** An `ImageDecoder` that also takes what a page can draw. */
export interface WebImageDecoder extends ImageDecoder {
  /**
   * The picture as 8-bit RGB, the first one of an animation, rotated as its EXIF orientation says. Pixels (`ImageData` too) are passed
   * through. Of a `<video>` it is the frame that is shown, of a camera's track the next one; both stay as they are.
   *
   * @throws MediaError when it cannot be fetched or read, is of an unknown kind, or is over a limit.
   */
  decode(source: WebImageSource, options?: ReadOptions): Promise<RawImage>;
}

async function decodeBytes(bytes: Uint8Array, context: DecodeContext): Promise<RawImage> {
  const found = imageKind(bytes);
  // Decoders of our own are loaded when they are needed: most pages never see such a file.
  if (found?.kind === "gif") return (await import("../decode/decode-gif.js")).decodeGif(bytes, context);
  if (found?.kind === "bmp") return (await import("../decode/decode-bmp.js")).decodeBmp(bytes, context);
  if (found?.kind === "png" && isGrey16Png(bytes)) {
    const image = await (await import("./decode-grey16-png.js")).decodeGrey16Png(bytes, context);
    return context.autoOrient ? orientPixels(image, readImageHeader(bytes, "png", context.media).orientation) : image;
  }
  if (found?.kind !== undefined && found.kind !== "tiff") return decodeWithBrowser(bytes, found.kind, context);
  const unknown = found ? `is ${found.name}, which browsers do not read` : "is not a picture of a known kind";
  throw new MediaError(
    context.media,
    `${bytes.length === 0 ? "is empty" : unknown}; give a JPEG, PNG, WebP, AVIF, GIF or BMP file.`,
  );
}

/**
 * An `ImageDecoder` for browsers, in pages and workers. Of files it gives the pixels that Pillow's `convert("RGB")` gives; the package's
 * README lists those that differ.
 *
 * @throws InvalidArgumentError for an option out of range.
 */
export function webImageDecoder(options: WebImageDecoderOptions = {}): WebImageDecoder {
  const limits: FetchLimits = {
    maxBytes: limit("maxBytes", options.maxBytes, MAX_BYTES),
    timeoutMs: limit("timeoutMs", options.timeoutMs, TIMEOUT_MS),
  };
  const maxPixels = limit("maxPixels", options.maxPixels, MAX_PIXELS);
  const autoOrient = options.autoOrient ?? true;
  return {
    async decode(source, { signal } = {}) {
      signal?.throwIfAborted();
      if (isDrawable(source)) {
        const image = await readDrawable(source, { maxPixels, autoOrient }, { signal });
        signal?.throwIfAborted();
        return image;
      }
      const read = await readImageSource(source, limits, signal);
      if ("data" in read) return read;
      const image = await decodeBytes(read.bytes, { media: read.media, maxPixels, autoOrient });
      signal?.throwIfAborted();
      return image;
    },
  };
}
