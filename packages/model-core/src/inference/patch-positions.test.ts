import { parseVisionConfig } from "@smolvlm/config";
import { expect, test } from "vitest";
import { patchPositions } from "./patch-positions.js";

const config = parseVisionConfig({ hidden_size: 16, num_attention_heads: 2, image_size: 32, patch_size: 4 });

function frame(side: number, height = side, width = side): Parameters<typeof patchPositions>[0] {
  const mask = Uint8Array.from({ length: side * side }, (_, index) =>
    Number(index / side < height && index % side < width),
  );
  return { side, pixels: new Float32Array(0), mask };
}

test("a full frame has every position in order and needs no bias, with or without a mask", () => {
  const identity = Array.from({ length: 64 }, (_, index) => BigInt(index));
  expect(patchPositions(frame(32), config)).toEqual({ ids: BigInt64Array.from(identity), bias: undefined });
  expect([...patchPositions({ side: 32, pixels: new Float32Array(0) }, config).ids]).toEqual(identity);
});

test("pixels that do not fill a patch do not count; a 27 × 27 table is in order too", () => {
  const large = parseVisionConfig({ image_size: 384, patch_size: 14, hidden_size: 16, num_attention_heads: 2 });
  expect([...patchPositions(frame(384), large).ids]).toEqual(
    Array.from({ length: 27 * 27 }, (_, index) => BigInt(index)),
  );
});

test("a frame that is partly padding is spread over the table, its padding hidden", () => {
  // Run in transformers 5.17 with 5 × 3 of 8 × 8 patches: rows at 0, 1, 3, 4, 6 and columns at 0, 2, 5.
  const { ids, bias } = patchPositions(frame(32, 18, 12), config);
  const real = (index: number): boolean => index / 8 < 5 && index % 8 < 3;
  expect([...ids].filter((_, index) => real(index)).map(Number)).toEqual(
    [0, 1, 3, 4, 6].flatMap((row) => [0, 2, 5].map((column) => row * 8 + column)),
  );
  expect([...ids].filter((_, index) => !real(index)).every((id) => id === 0n)).toBe(true);
  expect([...(bias ?? [])].map((value) => value === 0)).toEqual(Array.from({ length: 64 }, (_, index) => real(index)));
});

test("a smaller frame is spread too, and a frame of padding only has no positions", () => {
  expect([...patchPositions(frame(16), config).ids].map(Number)).toEqual(
    [0, 2, 4, 6].flatMap((row) => [0, 2, 4, 6].map((column) => row * 8 + column)),
  );
  const none = patchPositions(frame(32, 0, 0), config);
  expect(none.ids.every((id) => id === 0n)).toBe(true);
  expect(none.bias?.every((value) => value < -1e8)).toBe(true);
});

test("a patch outside the rectangle of the first row and column has the place of its own coordinates", () => {
  const odd = frame(32, 18, 12);
  (odd.mask as Uint8Array)[32 * 31 + 31] = 1;
  const { ids, bias } = patchPositions(odd, config);
  expect([ids[63], bias?.[63]]).toEqual([63n, 0]);
});
