import type { RawImage, ReadOptions } from "@smolvlm/contracts";

/** The forms of a picture by name. A platform's entry adds those that only it has, as `./web` what a page can draw. */
export interface ImageSources {
  /** A path, a URL or a `data:` URL. */
  readonly text: string;
  readonly url: URL;
  readonly blob: Blob;
  /** Those of a file. */
  readonly bytes: Uint8Array | ArrayBuffer;
  readonly pixels: RawImage;
}

/** What a picture may be given as. Which of them a decoder takes depends on the platform. */
export type ImageSource = ImageSources[keyof ImageSources];

/** A picture whose size is known, and whose pixels are not decoded yet. */
export interface OpenedImage {
  /** Size of what {@link OpenedImage.decode} gives, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The pixels, as {@link ImageDecoder.decode} gives them. @throws MediaError when the file turns out to be damaged. */
  decode(options?: ReadOptions): Promise<RawImage>;
}

/** Turns files into pixels. `./node` has one on sharp, `./web` one on what browsers have. */
export interface ImageDecoder {
  /**
   * The picture as 8-bit RGB, the first one of an animation or of several pages, rotated as its EXIF orientation says. Pixels that were
   * given as such are passed through.
   *
   * @throws MediaError when it cannot be fetched or read, is of an unknown kind, or is over a limit.
   */
  decode(source: ImageSource, options?: ReadOptions): Promise<RawImage>;
  /**
   * The same in two steps: reads the file and its header now, and decodes when asked to. Of many pictures, none but the one in use then lies
   * in memory decoded, and one can be decoded while a model looks at another. A decoder may do without.
   *
   * @throws MediaError when it cannot be fetched, is of an unknown kind, is over a limit, or has a damaged header.
   */
  open?(source: ImageSource, options?: ReadOptions): Promise<OpenedImage>;
}
