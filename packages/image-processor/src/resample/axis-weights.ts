import type { Filter } from "./filter.js";

/** For each output position of one axis: the run of input positions that make it, and the weight of each. */
export interface AxisWeights<W extends Int32Array | Float64Array = Float64Array> {
  /** First input position of output i. */
  readonly starts: Int32Array;
  /** Number of input positions of output i, at least 1 wherever the filter is not empty. */
  readonly counts: Int32Array;
  /** Room per output in `weights`: the weights of output i start at `i * stride`, and what follows its run is 0. */
  readonly stride: number;
  readonly weights: W;
}

/** Integer weights, scaled by 2^`shift`. */
export interface FixedPointWeights extends AxisWeights<Int32Array> {
  readonly shift: number;
}

/**
 * The normalised weights that take an axis of `inputSize` pixels to `outputSize`, in double precision. Shrinking widens the filter
 * (antialiasing), enlarging does not. The order of operations is Pillow's and ATen's: it decides the last bit.
 */
export function axisWeights(inputSize: number, outputSize: number, filter: Filter): AxisWeights {
  const scale = inputSize / outputSize;
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputSize);
  const counts = new Int32Array(outputSize);
  const weights = new Float64Array(outputSize * stride);
  const inverse = 1 / filterScale;
  for (let i = 0; i < outputSize; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const count = Math.min(Math.trunc(center + support + 0.5), inputSize) - start;
    const base = i * stride;
    let total = 0;
    for (let j = 0; j < count; j++) {
      const weight = filter.weight((j + start - center + 0.5) * inverse);
      weights[base + j] = weight;
      total += weight;
    }
    if (total !== 0) {
      for (let j = 0; j < count; j++) weights[base + j] = (weights[base + j] as number) / total;
    }
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, stride, weights };
}

/** Pillow keeps 22 bits: 32 of the accumulator, less 8 of the pixel and 2 for sums that overshoot. */
const PILLOW_SHIFT = 22;

/** ATen keeps weights in 16 bits, the sign included. */
const ATEN_WEIGHT_LIMIT = 1 << 15;

function quantise(axis: AxisWeights, shift: number): FixedPointWeights {
  const one = 2 ** shift;
  const weights = new Int32Array(axis.weights.length);
  for (let i = 0; i < weights.length; i++) {
    const scaled = (axis.weights[i] as number) * one;
    weights[i] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  }
  return { ...axis, weights, shift };
}

/** The weights as Pillow rounds them: 22 bits, always. */
export function pillowWeights(axis: AxisWeights): FixedPointWeights {
  return quantise(axis, PILLOW_SHIFT);
}

/** The weights as ATen's uint8 kernels round them: as many bits as the largest weight of the axis leaves in an int16, at most 22. */
export function atenWeights(axis: AxisWeights): FixedPointWeights {
  let largest = 0;
  for (const weight of axis.weights) largest = Math.max(largest, weight);
  let shift = 0;
  while (shift < PILLOW_SHIFT && Math.trunc(0.5 + largest * 2 ** (shift + 1)) < ATEN_WEIGHT_LIMIT) shift++;
  return quantise(axis, shift);
}
