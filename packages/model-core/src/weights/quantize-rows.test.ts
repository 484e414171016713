import { describe, expect, test } from "vitest";
import { quantizeRows } from "./quantize-rows.js";
import { bitsOf } from "./stored-parameter.js";

/** The value that `MatMulNBits` multiplies with, by its documentation. */
function stored(
  format: "q8" | "q4",
  { values, scales }: ReturnType<typeof quantizeRows>,
  row: number,
  column: number,
  columns: number,
): number {
  const blocks = Math.ceil(columns / 32);
  const block = row * blocks + Math.floor(column / 32);
  const index = block * 32 + (column % 32);
  const byte = values[format === "q8" ? index : index >> 1] as number;
  const step = format === "q8" ? byte : index % 2 === 0 ? byte & 15 : byte >> 4;
  return (step - 2 ** (bitsOf[format] - 1)) * (scales[block] as number);
}

describe.each(["q8", "q4"] as const)("%s", (format) => {
  const columns = 80;
  const matrix = Float32Array.from(
    { length: 3 * columns },
    (_, index) => Math.sin(index * 12.9898) * (1 + (index % 7)),
  );

  test("each value is within half a step, the greatest of each block nearly exact", () => {
    const quantized = quantizeRows(matrix, columns, format);
    expect(quantized.scales).toHaveLength(3 * 3);
    expect(quantized.values).toHaveLength((3 * 3 * 32 * bitsOf[format]) / 8);
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < columns; column++) {
        const block = row * 3 + Math.floor(column / 32);
        const step = Math.abs(quantized.scales[block] as number);
        const exact = matrix[row * columns + column] as number;
        const error = Math.abs(stored(format, quantized, row, column, columns) - exact);
        // The far end of the range has one step less, and a value there may be off by a whole one.
        const isFarEnd = Math.sign(exact) === Math.sign(quantized.scales[block] as number);
        expect(error).toBeLessThanOrEqual(step * (isFarEnd ? 1.0001 : 0.5001));
      }
    }
  });

  test("zeros, and what fills the last block, are exactly 0", () => {
    const quantized = quantizeRows(new Float32Array(40), 40, format);
    expect([...quantized.scales].map(Math.abs)).toEqual([0, 0]);
    const zero = format === "q8" ? 0x80 : 0x88;
    expect(new Set(quantized.values)).toEqual(new Set([zero]));
    const tail = quantizeRows(
      Float32Array.from({ length: 40 }, () => 1),
      40,
      format,
    ).values;
    expect(tail.at(-1)).toBe(zero);
  });
});
