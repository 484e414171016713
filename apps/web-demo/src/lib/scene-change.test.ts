import { expect, test } from "vitest";
import { sceneChanged, sceneSignature, SIGNATURE_SIDE } from "./scene-change.js";

const cells = SIGNATURE_SIDE ** 2;
const flat = (level: number): Uint8Array => new Uint8Array(cells).fill(level);

test("a first scene is new", () => {
  expect(sceneChanged(undefined, flat(10))).toBe(true);
});

test("noise is not a change", () => {
  const noisy = flat(100).map((level, i) => level + (i % 3) - 1);
  expect(sceneChanged(flat(100), noisy)).toBe(false);
});

test("light that goes out is a change", () => {
  expect(sceneChanged(flat(100), flat(90))).toBe(true);
});

test("a small thing that appears is a change", () => {
  const now = flat(100);
  now.fill(200, 0, 6);
  expect(sceneChanged(flat(100), now)).toBe(true);
});

test("grey is as bright as the eye has it", () => {
  const rgba = Uint8ClampedArray.of(255, 255, 255, 255, 0, 255, 0, 255, 0, 0, 255, 255);
  expect([...sceneSignature(rgba)]).toEqual([255, 149, 28]);
});
