import { expect, test } from "vitest";
import { quantizePositions } from "./quantize-positions.js";

test("each position has a scale of its own, and half a step of error", () => {
  const width = 4;
  const values = Float32Array.of(1, -0.5, 0.25, 0, 0, 0, 0, 0, 1e-3, -1e-3, 5e-4, 2e-4, 300, 1, -2, 299);
  const [steps, scales] = [new Int8Array(6 * width), new Float32Array(6)];
  quantizePositions(values, width, { steps, scales, at: 1 });
  expect([...scales].map((scale) => scale * 127)).toEqual(
    [0, 1, 0, 1e-3, 300, 0].map((value) => expect.closeTo(value)),
  );
  expect([...steps.subarray(0, width), ...steps.subarray(5 * width)]).toEqual(new Array<number>(2 * width).fill(0));
  values.forEach((value, index) => {
    const scale = scales[1 + Math.floor(index / width)] as number;
    expect(Math.abs((steps[width + index] as number) * scale - value)).toBeLessThanOrEqual(scale * 0.501);
  });
});

test("a value that is not finite does not pass for a number", () => {
  const [steps, scales] = [new Int8Array(2), new Float32Array(2)];
  quantizePositions(Float32Array.of(Infinity, NaN), 1, { steps, scales, at: 0 });
  expect([...scales].every((scale, index) => Number.isNaN(scale * (steps[index] as number)))).toBe(true);
});
