import fc from "fast-check";
import { expect, test } from "vitest";
import { convertRows } from "./convert-rows.js";
import { conversionBounds, checkConversion, QuantizationError } from "./conversion-bounds.js";
import { storedParts } from "./stored-parameter.js";
import { weightFormats } from "./weight-format.js";

const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.slice().buffer);
const wave = (count: number): Float32Array => Float32Array.from({ length: count }, (_, index) => Math.sin(index * 3.7));

test.each(weightFormats)("%s: the parts have the sizes that are promised, and little is lost", (format) => {
  for (const [rows, columns] of [
    [1, 1],
    [5, 80],
    [3, 64],
    [7, 97],
  ] as const) {
    const converted = convertRows({ bytes: bytesOf(wave(rows * columns)), type: "F32", columns, format });
    const sizes = storedParts({ key: "w", shape: [rows, columns] }, format).map(({ byteLength }) => byteLength);
    expect(converted.parts.map(({ byteLength }) => byteLength)).toEqual(sizes);
    const { rms } = checkConversion("f", "w", format, converted);
    expect(rms).toBeLessThanOrEqual(conversionBounds[format].rms / 2);
  }
});

test("whatever the weights are, a format keeps its bound or refuses them", () => {
  const numbers = fc.float32Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(numbers, fc.constantFrom(...weightFormats), (values, format) => {
      try {
        const converted = convertRows({ bytes: bytesOf(values), type: "F32", columns: 32, format });
        const { rms } = checkConversion("f", "w", format, converted);
        if (!(rms <= conversionBounds[format].rms)) throw new RangeError(String(rms));
        if (!values.every(Number.isFinite)) throw new RangeError("not finite and accepted");
      } catch (error) {
        if (!QuantizationError.isInstance(error)) throw error;
      }
    }),
    { numRuns: 500, seed: 20261126 },
  );
});

test.each([
  ["q8", NaN],
  ["q4", Infinity],
  ["int8", -Infinity],
  ["fp16", 70000],
] as const)("%s refuses %d", (format, value) => {
  const values = wave(64);
  values[7] = value;
  const converted = convertRows({ bytes: bytesOf(values), type: "F32", columns: 64, format });
  expect(() => checkConversion("model.safetensors", "a.weight", format, converted)).toThrow(
    /^model.safetensors: a.weight as \w+: \d+ values? (is|are) not finite or too large for it; use a more exact dtype/,
  );
});

test.each(["q8", "q4", "int8"] as const)(
  "%s refuses rows with a value far beyond the others, with figures",
  (format) => {
    for (const extreme of [1e4, 1e30]) {
      const values = wave(4 * 32).map((value, index) => (index % 32 === 0 ? extreme : value));
      const converted = convertRows({ bytes: bytesOf(values), type: "F32", columns: 32, format });
      let refused: unknown;
      try {
        checkConversion("f", "w", format, converted);
      } catch (error) {
        refused = error;
      }
      expect(QuantizationError.isInstance(refused)).toBe(true);
      expect((refused as QuantizationError).figures["mean"]).toBeGreaterThan(0.9);
    }
  },
);
