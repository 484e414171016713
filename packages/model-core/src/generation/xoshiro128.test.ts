import { describe, expect, it } from "vitest";
import { splitmix64Words, xoshiro128, xoshiro128Words } from "./xoshiro128.js";

describe("xoshiro128", () => {
  it("gives the published sequence of xoshiro128**", () => {
    const next = xoshiro128Words([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, next)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it("seeds with the published sequence of splitmix64", () => {
    const words = (first: bigint, second: bigint) =>
      [first, first >> 32n, second, second >> 32n].map((word) => Number(BigInt.asUintN(32, word)));
    expect(splitmix64Words(1234567)).toEqual(words(6457827717110365317n, 3203168211198807973n));
  });

  it("draws numbers in [0, 1) that depend on the seed alone", () => {
    const draw = (seed: number) => Array.from({ length: 5 }, xoshiro128(seed));
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
    expect(draw(2 ** 32)).not.toEqual(draw(0));
    const values = Array.from({ length: 20_000 }, xoshiro128(7));
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  });
});
