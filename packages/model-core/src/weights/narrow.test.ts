import { expect, test } from "vitest";
import { narrow } from "./narrow.js";
import { widen } from "./widen.js";

const everyPattern = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
const everyHalf = widen(new Uint8Array(everyPattern.buffer), "F16");

test("every float16 comes back as it was", () => {
  narrow(everyHalf).forEach((bits, index) => {
    const isNaN = Number.isNaN(everyHalf[index]);
    if (bits !== index && !isNaN) expect.fail(`0x${index.toString(16)} became 0x${bits.toString(16)}`);
  });
});

test("what lies between is rounded to the nearer one, halfway to the even one", () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [everyHalf[bits] as number, everyHalf[bits + 1] as number];
    const [below, half, above] = [0.499, 0.5, 0.501].map((part) => low + part * (high - low));
    const found = [...narrow(Float32Array.of(below as number, half as number, above as number))];
    const expected = [bits, bits % 2 === 0 ? bits : bits + 1, bits + 1];
    if (String(found) !== String(expected)) expect.fail(`0x${bits.toString(16)}: ${found.join()}`);
  }
});

test("what is too large becomes infinite, and not a number stays so", () => {
  expect([...narrow(Float32Array.of(65519, 65520, -1e9, NaN))]).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7e00]);
});
