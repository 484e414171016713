/** Rows of a matrix with a scale each. */
export interface QuantizedChannels {
  /** [columns, rows], as `MatMulInteger` takes its right side. */
  readonly values: Int8Array;
  /** [rows]. */
  readonly scales: Float32Array;
}

/** Steps on each side of 0. −128 is left out, which keeps rows and their negatives alike. */
const STEPS = 127;

/** Rows [rows, columns] in 8 bits with one scale for each: value = stored · scale. */
export function quantizeChannels(matrix: Float32Array, columns: number): QuantizedChannels {
  const rows = matrix.length / columns;
  const values = new Int8Array(matrix.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let greatest = 0;
    for (let index = row * columns; index < (row + 1) * columns; index++) {
      const magnitude = Math.abs(matrix[index] as number);
      if (magnitude > greatest) greatest = magnitude;
    }
    const scale = Math.fround(greatest / STEPS);
    const inverse = scale === 0 ? 0 : 1 / scale;
    scales[row] = scale;
    for (let column = 0; column < columns; column++) {
      const step = Math.round((matrix[row * columns + column] as number) * inverse);
      values[column * rows + row] = step > STEPS ? STEPS : step < -STEPS ? -STEPS : step;
    }
  }
  return { values, scales };
}
