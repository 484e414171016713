import { bitsOf, QUANTIZATION_BLOCK } from "./stored-parameter.js";

/** Quantised rows of a matrix. */
export interface QuantizedRows {
  /** [rows, blocks, bytes of a block]; of two 4-bit values in a byte the first is the lower half. */
  readonly values: Uint8Array;
  /** [rows · blocks]. */
  readonly scales: Float32Array;
}

/**
 * Rows [rows, columns] in blocks of 32 along the row, as `MatMulNBits` takes them: value = (stored − 2^(bits − 1)) · scale. The value
 * of largest magnitude in a block is mapped to the end of the range that has one step more, which makes it exact. Columns missing in
 * the last block are zero.
 */
export function quantizeRows(matrix: Float32Array, columns: number, format: "q8" | "q4"): QuantizedRows {
  const rows = matrix.length / columns;
  const blocks = Math.ceil(columns / QUANTIZATION_BLOCK);
  const zero = 2 ** (bitsOf[format] - 1);
  const steps = new Uint8Array(rows * blocks * QUANTIZATION_BLOCK).fill(zero);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const first = block * QUANTIZATION_BLOCK;
      const from = row * columns + first;
      const count = Math.min(QUANTIZATION_BLOCK, columns - first);
      let extreme = 0;
      for (let index = from; index < from + count; index++) {
        const value = matrix[index] as number;
        if (Math.abs(value) > Math.abs(extreme)) extreme = value;
      }
      const scale = Math.fround(-extreme / zero);
      const inverse = scale === 0 ? 0 : 1 / scale;
      const to = (row * blocks + block) * QUANTIZATION_BLOCK;
      scales[row * blocks + block] = scale;
      for (let index = 0; index < count; index++) {
        const step = Math.round((matrix[from + index] as number) * inverse) + zero;
        steps[to + index] = Math.min(Math.max(step, 0), 2 * zero - 1);
      }
    }
  }
  return { values: format === "q8" ? steps : packNibbles(steps), scales };
}

function packNibbles(steps: Uint8Array): Uint8Array {
  const packed = new Uint8Array(steps.length / 2);
  for (let index = 0; index < packed.length; index++) {
    packed[index] = (steps[2 * index] as number) | ((steps[2 * index + 1] as number) << 4);
  }
  return packed;
}
