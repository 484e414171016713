import { expect, test } from "vitest";
import { widen } from "./widen.js";

const bytesOf = (bits: Uint16Array): Uint8Array => new Uint8Array(bits.buffer);
const everyPattern = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

/** IEEE 754 half precision, read bit by bit. */
function half(bits: number): number {
  const exponent = (bits & 0x7c00) >> 10;
  const fraction = bits & 0x03ff;
  const magnitude =
    exponent === 31
      ? fraction
        ? NaN
        : Infinity
      : exponent
        ? (1 + fraction / 2 ** 10) * 2 ** (exponent - 15)
        : fraction / 2 ** 24;
  return bits >> 15 ? -magnitude : magnitude;
}

test("every float16 is widened exactly", () => {
  const widened = widen(bytesOf(everyPattern), "F16");
  everyPattern.forEach((bits) => {
    if (!Object.is(widened[bits], half(bits)))
      expect.fail(`0x${bits.toString(16)}: ${widened[bits]}, not ${half(bits)}`);
  });
});

test("every bfloat16 is the upper half of its float32", () => {
  const widened = new Uint32Array(widen(bytesOf(everyPattern), "BF16").buffer);
  everyPattern.forEach((bits) => {
    if (widened[bits] !== bits * 2 ** 16) expect.fail(`0x${bits.toString(16)}: 0x${widened[bits]?.toString(16)}`);
  });
});

test("bytes that are not aligned are read all the same", () => {
  const values = Float32Array.of(1.5, -2);
  const shifted = new Uint8Array(11);
  shifted.set(new Uint8Array(values.buffer), 3);
  expect(widen(shifted.subarray(3), "F32")).toEqual(values);
  expect(widen(shifted.subarray(5, 7), "BF16")).toEqual(Float32Array.of(1.5));
});
