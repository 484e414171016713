import { parseModelConfig } from "@smolvlm/config";
import { tensor } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { realFrames } from "./frames.js";

const config = (model_type: string) => {
  return parseModelConfig({
    model_type,
    vision_config: { image_size: 4, patch_size: 2 },
    text_config: {},
    scale_factor: 2,
  });
};
const pixels = (...frames: number[]) => {
  const data = Float32Array.from({ length: frames.length * 48 }, (_, index) =>
    index % 48 === 47 ? (frames[Math.floor(index / 48)] as number) : 0,
  );
  return tensor("float32", [1, frames.length, 3, 4, 4], data);
};

test("frames that are all exactly 0 are left out, the order is kept, and masks stay with their frames", () => {
  const mask = tensor(
    "bool",
    [1, 4, 4, 4],
    Uint8Array.from({ length: 64 }, (_, index) => (index < 16 ? 0 : 1)),
  );
  const frames = realFrames(pixels(0, -1, 0, 2), mask, config("smolvlm"));
  expect(frames.map((frame) => frame.pixels[47])).toEqual([-1, 2]);
  expect(frames.every((frame) => frame.mask?.every((flag) => flag === 1))).toBe(true);
});

test("where none is left, SmolVLM2 keeps the first and SmolVLM has none", () => {
  expect(realFrames(pixels(0, 0), undefined, config("smolvlm"))).toHaveLength(1);
  expect(realFrames(pixels(0, 0), undefined, config("idefics3"))).toHaveLength(0);
});

test("frames of a shape that the model cannot take are refused", () => {
  const take = (dims: number[]) => () => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return realFrames(tensor("float32", dims, new Float32Array(size)), undefined, config("smolvlm"));
  };
  const expected =
    "pixelValues: expected [samples, frames, 3, side, side] whose side holds a multiple of 2 patches of 2 pixels, found";
  expect(take([1, 3, 4, 4])).toThrow(`${expected} [1, 3, 4, 4].`);
  expect(take([1, 1, 1, 4, 4])).toThrow(expected);
  expect(take([1, 1, 3, 4, 6])).toThrow(expected);
  expect(take([1, 1, 3, 6, 6])).toThrow(expected);
  const mask = tensor("bool", [1, 1, 4, 2], new Uint8Array(8));
  expect(() => realFrames(pixels(1), mask, config("smolvlm"))).toThrow(
    "pixelAttentionMask: expected [1, 1, 4, 4], found [1, 1, 4, 2].",
  );
});
