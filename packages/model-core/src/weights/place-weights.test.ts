import { BackendError, type ByteSource, type ByteStore, type ProgressEvent } from "@smolvlm/contracts";
import { memoryByteSource, memoryByteStore } from "@smolvlm/hub";
import { expect, test } from "vitest";
import type { Parameter, WeightType } from "./checkpoint-tensor.js";
import { placeWeights } from "./place-weights.js";
import { storedParts, type StoredParameter, type WeightFormat } from "./stored-parameter.js";

const values = Float32Array.from({ length: 4 * 40 }, (_, index) => Math.fround(Math.cos(index)));

function stored(key: string, dtype: WeightType, format: WeightFormat, path?: string): StoredParameter {
  const bytes = new Uint8Array(
    dtype === "F32" ? values.buffer : new Uint16Array(new Uint32Array(values.buffer).map((bits) => bits >> 16)).buffer,
  );
  const file = new Uint8Array(100 + bytes.length);
  file.set(bytes, 100);
  const source: ByteSource = { ...memoryByteSource(file), path };
  const parameter: Parameter = {
    key,
    dtype,
    shape: [4, 40],
    file: { file: "m.safetensors", source },
    offset: 100,
    byteLength: bytes.length,
  };
  return { parameter, format, parts: storedParts(parameter, format) };
}

const options = (store: ByteStore = memoryByteStore()): Parameters<typeof placeWeights>[1] => ({
  name: "language",
  revision: "abc",
  store,
});
const refusing: ByteStore = {
  get: () => Promise.reject(new BackendError("store", "it must not be asked.")),
  put: () => Promise.reject(new BackendError("store", "it must not be asked.")),
};

test("float32 in local files stays where it is", async () => {
  const placed = await placeWeights(
    [stored("a", "F32", "fp32", "/m"), stored("b", "F32", "fp32", "/m")],
    options(refusing),
  );
  expect(placed.externalData.map(({ location, source }) => [location, source.path])).toEqual([["m.safetensors", "/m"]]);
  expect(placed.locate("b")).toEqual({ location: "m.safetensors", offset: 100, length: 640 });
});

test("what is not float32, not a file, or quantised is written once to the store and found there again", async () => {
  for (const each of [stored("a", "BF16", "fp32", "/m"), stored("a", "F32", "fp32"), stored("a", "F32", "q8", "/m")]) {
    const store = memoryByteStore();
    const events: ProgressEvent[] = [];
    const onProgress = (event: ProgressEvent): unknown => events.push(event);
    const first = await placeWeights([each], { ...options(store), onProgress });
    const source = first.externalData[0]?.source as ByteSource;
    expect(events.at(0)).toEqual({ stage: "convert", name: "language", loaded: 0, total: source.size, unit: "bytes" });
    expect(events.at(-1)).toMatchObject({ loaded: source.size, total: source.size });
    const again = await placeWeights([each], options({ ...store, put: refusing.put }));
    expect(again.externalData[0]?.source).toBe(source);
    for (const { name, byteLength } of each.parts) {
      const { offset, length } = first.locate(name);
      expect(length).toBe(byteLength);
      expect(offset % 64).toBe(0);
    }
  }
});

test("float32 is copied bit by bit, bfloat16 widened", async () => {
  const placed = await placeWeights([stored("a", "F32", "fp32"), stored("b", "BF16", "fp32")], options());
  const source = placed.externalData[0]?.source as ByteSource;
  const read = async (part: string): Promise<Float32Array> => {
    const { offset, length } = placed.locate(part);
    return new Float32Array((await source.read(offset, length)).slice().buffer);
  };
  expect(await read("a")).toEqual(values);
  const expected = new Float32Array(new Uint32Array(values.buffer).map((bits) => (bits >> 16) << 16).buffer);
  expect(await read("b")).toEqual(expected);
});

test("formats, models and revisions have different entries", async () => {
  const keys = new Set<string>();
  const store = memoryByteStore();
  const spy: ByteStore = {
    ...store,
    put: (key, ...rest) => {
      keys.add(key);
      return store.put(key, ...rest);
    },
  };
  for (const format of ["fp32", "q8", "q4"] as const) await placeWeights([stored("a", "BF16", format)], options(spy));
  await placeWeights([stored("b", "BF16", "q8")], options(spy));
  await placeWeights([stored("a", "BF16", "q8")], { ...options(spy), revision: "abd" });
  expect(keys.size).toBe(5);
});

test("an abort stops between pieces and stores nothing", async () => {
  const controller = new AbortController();
  const store = memoryByteStore();
  const onProgress = (): void => controller.abort();
  const each = stored("a", "BF16", "q8");
  const placing = placeWeights([each, stored("b", "BF16", "q8")], {
    ...options(store),
    onProgress,
    signal: controller.signal,
  });
  const error = await placing.catch((cause: unknown) => cause);
  expect(error).toBe(controller.signal.reason);
  let isEmpty = false;
  await placeWeights([each, stored("b", "BF16", "q8")], {
    ...options({ ...store, put: (...rest) => ((isEmpty = true), store.put(...rest)) }),
  });
  expect(isEmpty).toBe(true);
});
