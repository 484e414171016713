import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { greedyToken } from "./greedy-token.js";
import { sampleToken } from "./sample-token.js";
import { xoshiro128 } from "./xoshiro128.js";

// The same cases on every run.
fc.configureGlobal({ seed: 1 });

const anyScores = fc.array(fc.oneof(fc.float({ min: -30, max: 30, noNaN: true }), fc.constant(-Infinity)), {
  minLength: 1,
  maxLength: 40,
});

describe("greedyToken", () => {
  it("takes the lowest of equal scores", () => {
    expect(greedyToken(Float32Array.of(1, 3, 3, 2))).toBe(1);
    expect(greedyToken(Float32Array.of(-0, 0))).toBe(0);
    expect(greedyToken(Float32Array.of(0, Infinity, Infinity))).toBe(1);
  });

  it("finds the first of the highest whatever their number", () => {
    fc.assert(
      fc.property(anyScores, (values) => {
        const scores = Float32Array.from(values);
        const highest = Math.max(...scores);
        expect(greedyToken(scores)).toBe(highest === -Infinity ? -1 : scores.indexOf(highest));
      }),
    );
  });

  it("refuses NaN wherever it is, and scores that are all excluded", () => {
    for (const position of [0, 1, 2, 3, 4, 5]) {
      const scores = Float32Array.of(1, 2, 3, 4, 3, 2);
      scores[position] = NaN;
      expect(greedyToken(scores)).toBe(-1);
    }
    expect(greedyToken(new Float32Array(4).fill(-Infinity))).toBe(-1);
    expect(greedyToken(new Float32Array(0))).toBe(-1);
  });
});

describe("sampleToken", () => {
  it("draws each token as often as its probability says", () => {
    const scores = Float32Array.of(0, Math.log(2), -Infinity, Math.log(5));
    const random = xoshiro128(11);
    const draws = 40_000;
    const drawn = Array.from({ length: draws }, () => sampleToken(scores, random));
    for (const [token, expected] of [1 / 8, 2 / 8, 0, 5 / 8].entries()) {
      // Five standard deviations of a binomial count.
      const tolerance = 5 * Math.sqrt(draws * expected * (1 - expected));
      const count = drawn.filter((each) => each === token).length;
      expect(Math.abs(count - draws * expected)).toBeLessThanOrEqual(tolerance);
    }
  });

  it("never draws an excluded token, at either end of the random range", () => {
    fc.assert(
      fc.property(anyScores, fc.constantFrom(0, 1 - 2 ** -53, 0.5), (values, uniform) => {
        const scores = Float32Array.from(values);
        const token = sampleToken(scores, () => uniform);
        if (values.every((value) => value === -Infinity)) expect(token).toBe(-1);
        else expect(scores[token]).toBeGreaterThan(-Infinity);
      }),
    );
  });

  it("refuses NaN and +∞", () => {
    expect(sampleToken(Float32Array.of(1, NaN), () => 0)).toBe(-1);
    expect(sampleToken(Float32Array.of(1, Infinity), () => 0)).toBe(-1);
  });
});
