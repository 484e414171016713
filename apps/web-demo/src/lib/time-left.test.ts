import { expect, test } from "vitest";
import { TimeLeft } from "./time-left.js";

test("time left follows the rate, and counts nothing that was there before", () => {
  const left = new TimeLeft();
  expect(left.update(500, 1000, 0)).toBeUndefined();
  expect(left.update(510, 1000, 100)).toBeUndefined();
  expect(left.update(600, 1000, 1000)).toBe(4);
  expect(left.update(1000, 1000, 5000)).toBe(0);
});

test("nothing is promised while nothing moves", () => {
  const left = new TimeLeft();
  left.update(0, 10, 0);
  expect(left.update(0, 10, 5000)).toBeUndefined();
});
