import { StorageError, memoryByteStore } from "@smolvlm/hub";
import { tensor, type ByteStore, type Tensor } from "@smolvlm/contracts";
import { afterAll, describe, expect, test } from "vitest";
import { SmolVLMForConditionalGeneration } from "../smolvlm-for-conditional-generation.js";
import { countingBackend, tinyCase, tinyFiles } from "../testing/tiny-model.js";
import { VisionCache, type VisionCacheOptions } from "./vision-cache.js";

const backend = countingBackend();
afterAll(() => backend[Symbol.asyncDispose]());

async function load(visionCache?: VisionCacheOptions | false): Promise<SmolVLMForConditionalGeneration> {
  return SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles("v2-gqa-fp32"), { backend, visionCache });
}

async function runsOf(work: () => Promise<unknown>): Promise<number> {
  const before = backend.runs.get("vision") ?? 0;
  await work();
  return (backend.runs.get("vision") ?? 0) - before;
}

async function pixels(): Promise<{ pixelValues: Tensor<"float32">; frames: number }> {
  const { inputs } = await tinyCase("v2-gqa-fp32", "two-images");
  const pixelValues = inputs.pixelValues as Tensor<"float32">;
  return { pixelValues, frames: (pixelValues.dims[0] ?? 0) * (pixelValues.dims[1] ?? 0) };
}

describe("a model", () => {
  test("encodes a frame once, however often and wherever it is seen, and gives the same bits", async () => {
    await using model = await load();
    const { pixelValues, frames } = await pixels();
    const first = await model.getImageFeatures({ pixelValues });
    expect(await runsOf(async () => expect(await model.getImageFeatures({ pixelValues })).toEqual(first))).toBe(0);
    // One changed pixel of one frame is another frame.
    const changed = tensor("float32", pixelValues.dims, pixelValues.data.slice());
    changed.data[7] = 0.125;
    expect(await runsOf(() => model.getImageFeatures({ pixelValues: changed }))).toBe(1);
    // Padding is part of what the tower sees.
    const [samples = 0, count = 0, , side = 0] = pixelValues.dims;
    const mask = new Uint8Array(samples * count * side * side).fill(1).fill(0, (side * side) / 2, side * side);
    const pixelAttentionMask = tensor("bool", [samples, count, side, side], mask);
    expect(await runsOf(() => model.getImageFeatures({ pixelValues, pixelAttentionMask }))).toBe(frames);
  });

  test("encodes every time without a cache", async () => {
    await using model = await load(false);
    const { pixelValues, frames } = await pixels();
    for (let time = 0; time < 2; time++)
      expect(await runsOf(() => model.getImageFeatures({ pixelValues }))).toBe(frames);
    await using small = await load({ maxBytes: 0 });
    for (let time = 0; time < 2; time++)
      expect(await runsOf(() => small.getImageFeatures({ pixelValues }))).toBe(frames);
  });

  test("finds in a store what another one has encoded; a damaged entry is made anew", async () => {
    const store = memoryByteStore();
    const { pixelValues, frames } = await pixels();
    await using first = await load({ store });
    const features = await first.getImageFeatures({ pixelValues });
    await using second = await load({ store, maxBytes: 0 });
    expect(await runsOf(async () => expect(await second.getImageFeatures({ pixelValues })).toEqual(features))).toBe(0);
    const short: ByteStore = { ...store, get: async (key) => ({ ...(await store.get(key)), size: 4 }) as never };
    await using third = await load({ store: short });
    expect(await runsOf(() => third.getImageFeatures({ pixelValues }))).toBe(frames);
  });

  test("a store that fails costs time, not the answer", async () => {
    const fail = async (): Promise<never> => {
      throw new StorageError("/full", "there is no space left.");
    };
    await using model = await load({ store: { get: fail, put: fail, delete: fail } });
    const { pixelValues, frames } = await pixels();
    expect(await runsOf(() => model.getImageFeatures({ pixelValues }))).toBe(frames);
    expect(await runsOf(() => model.getImageFeatures({ pixelValues }))).toBe(0);
  });
});

test("the frames used longest ago go when the bound is met", async () => {
  const cache = new VisionCache({ maxBytes: 8 * 4 }, "scope");
  const put = (key: string, length: number): Promise<void> => cache.put(key, new Float32Array(length), {});
  const has = async (key: string, length: number): Promise<boolean> => (await cache.get(key, length, {})) !== undefined;
  await put("a", 4);
  await put("b", 4);
  expect(await has("a", 4)).toBe(true);
  await put("c", 4);
  expect([await has("a", 4), await has("b", 4), await has("c", 4)]).toEqual([true, false, true]);
  await put("too large", 9);
  expect([await has("too large", 9), cache.byteLength]).toEqual([false, 32]);
  await put("all", 8);
  expect([await has("a", 4), await has("c", 4), cache.byteLength]).toEqual([false, false, 32]);
});
