import { InvalidArgumentError, type RawImage } from "@smolvlm/contracts";
import type { ImageProcessorOptions, ResolvedOptions } from "./image-processor-options.js";
import { planFrames } from "./plan-frames.js";
import type { ImageFrames, ImageInput, ImageProcessorOutput } from "./preprocess.js";
import type { Size } from "./resize-geometry.js";

/** The frames that a picture becomes. */
export interface ImagePatches {
  /** Frames in all: the tiles and the global frame, or 1 for a picture that is not split. */
  readonly patches: number;
  /** Rows of tiles, 0 for a picture that is not split. */
  readonly rows: number;
  /** Columns of tiles, 0 for a picture that is not split. */
  readonly cols: number;
}

/** What both image processors do; take this type where either may be passed. */
export interface ImageProcessor {
  /** The options in force, defaults filled in. */
  readonly config: ResolvedOptions;
  /**
   * Pictures to the model's tensors. `options` overrides the processor's own for this call.
   *
   * @throws InvalidArgumentError for wrong options, malformed pictures, no picture at all, or frames that cannot be stacked.
   */
  preprocess(images: ImageInput, options?: ImageProcessorOptions): ImageProcessorOutput;
  /**
   * The frames that `preprocess` makes of one picture, each made when it is asked for: a model can have the first while the next ones are
   * resized, and they never lie in memory together.
   *
   * @throws InvalidArgumentError for wrong options or a malformed picture.
   */
  stream(image: RawImage, options?: ImageProcessorOptions): ImageFrames;
  /**
   * How many frames `preprocess` makes of a picture of this size in pixels, without having it.
   *
   * The reference counts 0 for a picture that is not split (5.x), ignores `do_resize`, and rounds the short side from another
   * size than its own `preprocess` when `size` is not a multiple of `max_image_size`. This says what `preprocess` does.
   *
   * @throws InvalidArgumentError for wrong options or a size below 1.
   */
  getNumberOfImagePatches(height: number, width: number, options?: ImageProcessorOptions): ImagePatches;
}

/** @internal `getNumberOfImagePatches` of both processors. */
export function countImagePatches(size: Size, options: ResolvedOptions): ImagePatches {
  if (![size.width, size.height].every((side) => Number.isInteger(side) && side >= 1)) {
    const found = `height ${size.height}, width ${size.width}`;
    throw new InvalidArgumentError({ argument: "height, width", expected: "whole numbers of pixels from 1", found });
  }
  const { rows, cols, frames } = planFrames(size, options);
  return { patches: frames, rows, cols };
}
