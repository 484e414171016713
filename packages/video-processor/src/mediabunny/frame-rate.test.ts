import { expect, it } from "vitest";
import { frameRate } from "./frame-rate.js";

it("is the rate of regular frames, of irregular ones the average", () => {
  const webm = Array.from(
    { length: 100 },
    (_, i) => (Math.round(((i + 1) * 1000) / 30) - Math.round((i * 1000) / 30)) / 1000,
  );
  expect(frameRate(webm, 3.333)).toBe(30);
  expect(
    frameRate(
      Array.from({ length: 150 }, () => 1001 / 30000),
      5.005,
    ),
  ).toBe(30000 / 1001);
  expect(frameRate([...Array.from({ length: 101 }, () => 0.04), 0.08], 4.12)).toBe(25);
  expect(frameRate([0.1, 0.3, 0.2], 0.75)).toBeCloseTo(4, 9);
  expect(frameRate([0, 0], 0)).toBe(25);
});
