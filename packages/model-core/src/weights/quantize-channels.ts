import type { ErrorMeter } from "./error-meter.js";

/** Rows of a matrix with a scale each. */
export interface QuantizedChannels {
  /** [columns, rows], as `MatMulInteger` takes its right side. */
  readonly values: Int8Array;
  /** [rows]. */
  readonly scales: Float32Array;
}

/** Steps on each side of 0. −128 is left out, which keeps rows and their negatives alike. */
const STEPS = 127;
/** Rows that are laid out by columns at a time: what they fill in each column is then a line of the processor's cache. */
const GROUP = 64;

/** Rows [rows, columns] in 8 bits with one scale for each: value = stored · scale. */
export function quantizeChannels(matrix: Float32Array, columns: number, meter: ErrorMeter): QuantizedChannels {
  const rows = matrix.length / columns;
  const values = new Int8Array(matrix.length);
  const scales = new Float32Array(rows);
  const group = new Int8Array(Math.min(GROUP, rows) * columns);
  for (let first = 0; first < rows; first += GROUP) {
    const count = Math.min(GROUP, rows - first);
    for (let row = 0; row < count; row++) {
      const from = (first + row) * columns;
      scales[first + row] = quantizeRow(matrix, from, from + columns, group, row * columns);
      meter.addSteps(matrix, from, from + columns, group, row * columns, 0, scales[first + row] as number);
    }
    for (let column = 0; column < columns; column++) {
      let to = column * rows + first;
      for (let at = column; at < count * columns; at += columns) values[to++] = group[at] as number;
    }
  }
  return { values, scales };
}

/** The steps of one row, written from `steps[at]` on; gives its scale. */
function quantizeRow(matrix: Float32Array, from: number, end: number, steps: Int8Array, at: number): number {
  let greatest = 0;
  for (let index = from; index < end; index++) {
    const magnitude = Math.abs(matrix[index] as number);
    if (magnitude > greatest) greatest = magnitude;
  }
  const scale = Math.fround(greatest / STEPS);
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let index = from; index < end; index++) {
    // Made positive, rounding is a truncation, which is far cheaper.
    const step = (((matrix[index] as number) * inverse + (STEPS + 0.5)) | 0) - STEPS;
    steps[at++] = step > STEPS ? STEPS : step < -STEPS ? -STEPS : step;
  }
  return scale;
}
