import { bitsOf, BLOCK_LENGTH as length, type BlockFormat } from "./weight-format.js";

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
export function quantizeBlocks(matrix: Float32Array, columns: number, format: BlockFormat): QuantizedBlocks {
  const isWide = bitsOf[format] === 8;
  const zero = isWide ? 128 : 8;
  const rows = matrix.length / columns;
  const blocks = Math.ceil(columns / length);
  const steps = new Uint8Array(rows * blocks * length);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const index = row * blocks + block;
      const from = row * columns + block * length;
      const end = Math.min(from + length, (row + 1) * columns);
      // The value of largest magnitude is mapped to the end of the range that has one step more, which makes it exact.
      const widest = -extremeOf(matrix, from, end) / zero;
      scales[index] = isWide ? widest : bestScale(matrix, from, end, widest);
      const inverse = scales[index] === 0 ? 0 : 1 / (scales[index] as number);
      let to = index * length;
      for (let at = from; at < end; at++) {
        const step = Math.round((matrix[at] as number) * inverse) + zero;
        steps[to++] = step < 0 ? 0 : step >= 2 * zero ? 2 * zero - 1 : step;
      }
      while (to < (index + 1) * length) steps[to++] = zero;
    }
  }
  return { values: isWide ? steps : packNibbles(steps), scales };
}

function extremeOf(matrix: Float32Array, from: number, end: number): number {
  let extreme = 0;
  for (let at = from; at < end; at++) {
    const value = matrix[at] as number;
    if (Math.abs(value) > Math.abs(extreme)) extreme = value;
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
      let step = Math.round(value * inverse);
      if (step < -8) step = -8;
      else if (step > 7) step = 7;
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

function packNibbles(steps: Uint8Array): Uint8Array {
  const packed = new Uint8Array(steps.length / 2);
  for (let index = 0; index < packed.length; index++) {
    packed[index] = (steps[2 * index] as number) | ((steps[2 * index + 1] as number) << 4);
  }
  return packed;
}
