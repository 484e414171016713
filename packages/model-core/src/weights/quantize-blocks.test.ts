import { describe, expect, test } from "vitest";
import { ErrorMeter } from "./error-meter.js";
import { quantizeBlocks } from "./quantize-blocks.js";
import { bitsOf, blockLengths } from "./weight-format.js";

/** The value that `MatMulNBits` multiplies with, by its documentation, and the step of its block. */
function stored(
  bits: number,
  { values, scales }: ReturnType<typeof quantizeBlocks>,
  row: number,
  column: number,
  columns: number,
): { value: number; step: number } {
  const length = blockLengths[bits === 8 ? "q8" : "q4"];
  const blocks = Math.ceil(columns / length);
  const block = Math.floor(column / length);
  const index = (row * blocks + block) * length + (column % length);
  const byte = values[bits === 8 ? index : index >> 1] as number;
  const step = bits === 8 ? byte : (byte >> (index % 2 === 0 ? 0 : 4)) & 15;
  const zero = 2 ** (bits - 1);
  const scale = scales[row * blocks + block] as number;
  return { value: (step - zero) * scale, step: Math.abs(scale) };
}

/** Normally distributed, by Box and Muller, and always the same. */
function normal(count: number): Float32Array {
  const uniform = (index: number): number => (Math.abs(Math.sin(index * 12.9898) * 43758.5453) % 1) + 1e-9;
  return Float32Array.from({ length: count }, (_, index) => {
    return Math.sqrt(-2 * Math.log(uniform(2 * index + 1))) * Math.cos(2 * Math.PI * uniform(2 * index + 2));
  });
}

describe.each(["q8", "q4"] as const)("%s", (format) => {
  const [rows, columns] = [3, 80];
  const [bits, length] = [bitsOf[format], blockLengths[format]];

  test("the parts have the sizes that the kernel expects", () => {
    const blocks = Math.ceil(columns / length);
    const quantized = quantizeBlocks(normal(rows * columns), columns, format, new ErrorMeter());
    expect(quantized.scales).toHaveLength(rows * blocks);
    expect(quantized.values).toHaveLength((rows * blocks * length * bits) / 8);
  });

  test("zeros, and what fills the last block, are exactly 0", () => {
    for (const matrix of [new Float32Array(rows * columns), normal(rows * columns)]) {
      const quantized = quantizeBlocks(matrix, columns, format, new ErrorMeter());
      const padded = Math.ceil(columns / length) * length;
      const first = matrix[0] === 0 ? 0 : columns;
      for (let row = 0; row < rows; row++) {
        for (let column = first; column < padded; column++) {
          expect(Math.abs(stored(bits, quantized, row, column, columns).value)).toBe(0);
        }
      }
    }
  });
});

test("q8: each value is within half a step, the greatest of each block nearly exact", () => {
  const [rows, columns] = [3, 80];
  const matrix = normal(rows * columns);
  const quantized = quantizeBlocks(matrix, columns, "q8", new ErrorMeter());
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const exact = matrix[row * columns + column] as number;
      const { value, step } = stored(8, quantized, row, column, columns);
      // The far end of the range has one step less, and a value there may be off by a whole one.
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(step * 1.0001);
    }
  }
});

test("q4: blocks that are all on one side, or have a far value, lose little", () => {
  const columns = 64;
  const loss = (matrix: Float32Array): number => {
    const quantized = quantizeBlocks(matrix, columns, "q4", new ErrorMeter());
    let [error, sum] = [0, 0];
    matrix.forEach((exact, index) => {
      const { value } = stored(4, quantized, Math.floor(index / columns), index % columns, columns);
      error += (value - exact) ** 2;
      sum += exact ** 2;
    });
    return Math.sqrt(error / sum);
  };
  const values = normal(64 * columns);
  // Without a search for the range it is 8.5 %.
  expect(loss(values)).toBeLessThan(0.083);
  expect(loss(values.map((value) => value + 4))).toBeLessThan(0.08);
  expect(loss(values.map((value, index) => (index % 32 === 0 ? 12 * value : value)))).toBeLessThan(0.18);
});
