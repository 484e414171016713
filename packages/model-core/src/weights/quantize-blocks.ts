import type { ErrorMeter } from "./error-meter.js";
import { bitsOf, blockLengths, type BlockFormat } from "./weight-format.js";

/** Rows of a matrix in blocks. */
export interface QuantizedBlocks {
  /** [rows, blocks, bytes of a block]; of two 4-bit values in a byte the first is the lower half. */
  readonly values: Uint8Array;
  /** [rows · blocks]. */
  readonly scales: Float32Array;
}

/**
 * Parts of a block's range that are tried for 4 bits: clipping a far value can make all the others finer. Of normally distributed weights
 * that leaves 8.2 % instead of 8.6 %; zero points would leave 7.8 %, and make ONNX Runtime's kernel up to three times slower.
 */
const RANGES = [1.05, 0.97, 0.89, 0.81];

/**
 * Rows [rows, columns] in blocks along the row, as `MatMulNBits` takes them: value = (stored − 2^(bits − 1)) · scale. Columns missing in
 * the last block are 0.
 */
export function quantizeBlocks(
  matrix: Float32Array,
  columns: number,
  format: BlockFormat,
  meter: ErrorMeter,
): QuantizedBlocks {
  const [isWide, length] = [bitsOf[format] === 8, blockLengths[format]];
  const zero = isWide ? 128 : 8;
  const rows = matrix.length / columns;
  const blocks = Math.ceil(columns / length);
  const values = new Uint8Array((rows * blocks * length * bitsOf[format]) / 8);
  const scales = new Float32Array(rows * blocks);
  const block = new Uint8Array(length);
  for (let index = 0; index < scales.length; index++) {
    const first = (index % blocks) * length;
    const from = Math.floor(index / blocks) * columns + first;
    const end = from + Math.min(length, columns - first);
    // The value of largest magnitude is mapped to the end of the range that has one step more, which makes it exact.
    const widest = -extremeOf(matrix, from, end) / zero;
    const scale = Math.fround(isWide ? widest : bestScale(matrix, from, end, widest));
    scales[index] = scale;
    // Of 8 bits the values are the steps; there they are written at once.
    const [steps, at] = isWide ? [values, index * length] : [block, 0];
    round(matrix, from, end, scale, zero, steps, at);
    meter.addSteps(matrix, from, end, steps, at, zero, scale);
    steps.fill(zero, at + end - from, at + length);
    if (!isWide) pack(block, values, (index * length) / 2);
  }
  return { values, scales };
}

/** The nearest steps. Adding a half and the zero first makes rounding a truncation, which is far cheaper. */
function round(
  matrix: Float32Array,
  from: number,
  end: number,
  scale: number,
  zero: number,
  steps: Uint8Array,
  at: number,
): void {
  const inverse = scale === 0 ? 0 : 1 / scale;
  const most = 2 * zero - 1;
  for (let index = from; index < end; index++) {
    const step = ((matrix[index] as number) * inverse + (zero + 0.5)) | 0;
    steps[at++] = step < 0 ? 0 : step > most ? most : step;
  }
}

function extremeOf(matrix: Float32Array, from: number, end: number): number {
  let extreme = 0;
  let greatest = 0;
  for (let at = from; at < end; at++) {
    const value = matrix[at] as number;
    const magnitude = Math.abs(value);
    if (magnitude <= greatest) continue;
    extreme = value;
    greatest = magnitude;
  }
  return extreme;
}

/**
 * The scale whose 16 steps come nearest to the values in the mean square. The steps of each part of the range have a best scale,
 * Σ value · step / Σ step², which leaves Σ value² − (Σ value · step)² / Σ step².
 */
function bestScale(matrix: Float32Array, from: number, end: number, widest: number): number {
  let best = 0;
  let most = 0;
  if (widest === 0) return best;
  for (const part of RANGES) {
    const inverse = 1 / (widest * part);
    let products = 0;
    let squares = 0;
    for (let at = from; at < end; at++) {
      const value = matrix[at] as number;
      const nearest = (value * inverse + 8.5) | 0;
      const step = (nearest < 0 ? 0 : nearest > 15 ? 15 : nearest) - 8;
      products += value * step;
      squares += step * step;
    }
    // Also false where a value is not a number, which the check of the result refuses.
    if (!(squares > 0 && (products * products) / squares > most)) continue;
    most = (products * products) / squares;
    best = products / squares;
  }
  return best;
}

function pack(steps: Uint8Array, packed: Uint8Array, at: number): void {
  for (let index = 0; index < steps.length; index += 2) {
    packed[at++] = (steps[index] as number) | ((steps[index + 1] as number) << 4);
  }
}
