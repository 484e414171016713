import { knownDim } from "../graph/dims.js";
import type { Value } from "../graph/value.js";
import type { Weights } from "../weights/weights.js";

/**
 * A convolution whose stride is its kernel: pixels [images, colours, side, side] → [images, patches, channels], patches row by row.
 * Pixels at the right and bottom that do not fill a patch are unused.
 */
export function patchEmbedding(weights: Weights, pixels: Value, channels: number, patchSize: number): Value {
  const { graph, dims } = pixels;
  const images = dims[0] ?? 1;
  const grid = Math.floor(knownDim(dims, 2) / patchSize);
  const kernel = [patchSize, patchSize];
  const weight = graph.parameter(weights.param("weight", [channels, knownDim(dims, 1), ...kernel]), "fp32");
  const bias = graph.parameter(weights.param("bias", [channels]), "fp32");
  return graph
    .node("Conv", [pixels, ...weight, ...bias], {
      attributes: { kernel_shape: kernel, strides: kernel },
      dtype: "float32",
      dims: [images, channels, grid, grid],
    })
    .reshape([images, channels, grid * grid])
    .transpose([0, 2, 1]);
}
