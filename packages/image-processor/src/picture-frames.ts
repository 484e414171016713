import type { FramePlan } from "./plan-frames.js";
import type { RgbPixels } from "./resample/fixed-point-resampler.js";
import type { RowResizer } from "./resample/resize-pixels.js";
import type { Size } from "./resize-geometry.js";

/** How a processor of the reference resizes. */
export interface Resizing {
  resize(image: RgbPixels, size: Size): RgbPixels;
  /** The same, row by row. */
  rows(image: RgbPixels, size: Size): RowResizer;
}

/** A square of a picture. */
export interface FrameView {
  readonly image: RgbPixels;
  /** Where it begins, in pixels. */
  readonly left: number;
  readonly top: number;
}

/**
 * The frames of a picture: its tiles row by row, then the global frame. A row of tiles is resized when the first of them is asked for, so that
 * the model can have a tile while the next ones are made.
 */
export function* pictureFrames(
  pixels: RgbPixels,
  plan: FramePlan,
  tile: number,
  { resize, rows }: Resizing,
): Generator<FrameView> {
  const { scaled, framed } = plan;
  if (plan.rows === 0) {
    yield { image: resize(resize(pixels, scaled), framed), left: 0, top: 0 };
    return;
  }
  // Where the second resize changes nothing, the first one is done row by row.
  const isOnce = scaled.width === framed.width && scaled.height === framed.height;
  const rowsOf = rows(isOnce ? pixels : resize(pixels, scaled), framed);
  const data = new Uint8Array(framed.width * framed.height * 3);
  for (let row = 0; row < plan.rows; row++) {
    const image = rowsOf(row * tile, (row + 1) * tile);
    data.set(image.data, row * tile * framed.width * 3);
    for (let col = 0; col < plan.cols; col++) yield { image, left: col * tile, top: 0 };
  }
  yield { image: resize({ ...framed, data }, { width: tile, height: tile }), left: 0, top: 0 };
}
