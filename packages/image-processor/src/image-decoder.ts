import type { RawImage, ReadOptions } from "@smolvlm/contracts";

/**
 * What a picture may be given as: a path, a URL or a `data:` URL as text, a `URL`, a file's bytes, or pixels. Which of them a decoder
 * takes depends on the platform.
 */
export type ImageSource = string | URL | Blob | Uint8Array | ArrayBuffer | RawImage;

/** Turns files into pixels. `./node` has one on sharp, `./web` one on what browsers have. */
export interface ImageDecoder {
  /**
   * The picture as 8-bit RGB, the first one of an animation or of several pages, rotated as its EXIF orientation says. Pixels that were
   * given as such are passed through.
   *
   * @throws MediaError when it cannot be fetched or read, is of an unknown kind, or is over a limit.
   */
  decode(source: ImageSource, options?: ReadOptions): Promise<RawImage>;
}
