import { knownDim } from "../graph/dims.js";
import type { Value } from "../graph/value.js";

/**
 * Space to depth on a square grid: [images, grid², channels] → [images, (grid / factor)², channels · factor²]. The row within a
 * square of patches is the slowest part of the new channels, then the column.
 */
export function pixelShuffle(x: Value, factor: number): Value {
  const [images = 1] = x.dims;
  const channels = knownDim(x.dims, -1);
  const side = Math.sqrt(knownDim(x.dims, 1)) / factor;
  return x
    .reshape([images, side, factor, side, factor, channels])
    .transpose([0, 1, 3, 2, 4, 5])
    .reshape([images, side * side, factor * factor * channels]);
}
