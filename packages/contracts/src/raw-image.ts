/**
 * Pixels as the decoders give them and the processors take them: 8 bits a channel, row-major, channels interleaved.
 * The number of channels is `data.length / (width · height)`: 1 (grey), 3 (RGB) or 4 (RGBA), so a browser's `ImageData` is one too.
 */
export interface RawImage {
  /** Pixels, at least 1. */
  readonly width: number;
  /** Pixels, at least 1. */
  readonly height: number;
  /** Values 0–255. */
  readonly data: Uint8Array | Uint8ClampedArray;
}
