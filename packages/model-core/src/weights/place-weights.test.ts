import { BackendError, type ByteSource, type ByteStore, type ProgressEvent } from "@smolvlm/contracts";
import { memoryByteSource, memoryByteStore } from "@smolvlm/hub";
import { expect, test } from "vitest";
import type { Parameter, WeightType } from "./checkpoint-tensor.js";
import { weightFormats } from "./weight-format.js";
import { placeWeights } from "./place-weights.js";
import { storedParts, type StoredParameter } from "./stored-parameter.js";
import type { WeightFormat } from "./weight-format.js";
import { QuantizationError } from "./conversion-bounds.js";
import type { PlacedWeights } from "./place-weights.js";

const allValues = Float32Array.from({ length: 4 * 40 }, (_, index) => Math.fround(Math.cos(index)));

function stored(
  key: string,
  dtype: WeightType,
  format: WeightFormat,
  path?: string,
  values = allValues,
): StoredParameter {
  const bytes = new Uint8Array(
    dtype === "F32" ? values.buffer : new Uint16Array(new Uint32Array(values.buffer).map((bits) => bits >> 16)).buffer,
  );
  const file = new Uint8Array(100 + bytes.length);
  file.set(bytes, 100);
  const source: ByteSource = { ...memoryByteSource(file), path };
  const parameter: Parameter = {
    key,
    shape: [4, 40],
    numbers: {
      key,
      shape: [4, 40],
      dtype,
      file: { file: "m.safetensors", source },
      offset: 100,
      byteLength: bytes.length,
    },
    forms: new Map(),
  };
  return { parameters: [parameter], format, parts: storedParts(parameter, format) };
}

const options = (store: ByteStore = memoryByteStore()): Parameters<typeof placeWeights>[1] => ({
  name: "language",
  model: "org/name",
  revision: "abc",
  device: "cpu",
  version: "1.2.3",
  store,
});

/** Places weights and accepts them. */
async function place(...args: Parameters<typeof placeWeights>): Promise<PlacedWeights> {
  const placed = await placeWeights(...args);
  await placed.conversion?.accept(undefined);
  return placed;
}
const refusing: ByteStore = {
  get: () => Promise.reject(new BackendError("store", "it must not be asked.")),
  put: () => Promise.reject(new BackendError("store", "it must not be asked.")),
  delete: () => Promise.reject(new BackendError("store", "it must not be asked.")),
};

test("float32 in local files stays where it is", async () => {
  const placed = await place([stored("a", "F32", "fp32", "/m"), stored("b", "F32", "fp32", "/m")], options(refusing));
  expect(placed.externalData.map(({ location, source }) => [location, source.path])).toEqual([["m.safetensors", "/m"]]);
  expect(placed.locate("b")).toEqual({ location: "m.safetensors", offset: 100, length: 640 });
});

test("what is not float32, not a file, or quantised is written once to the store and found there again", async () => {
  for (const each of [stored("a", "BF16", "fp32", "/m"), stored("a", "F32", "fp32"), stored("a", "F32", "q8", "/m")]) {
    const store = memoryByteStore();
    const events: ProgressEvent[] = [];
    const onProgress = (event: ProgressEvent): unknown => events.push(event);
    const first = await place([each], { ...options(store), onProgress });
    const source = first.externalData[0]?.source as ByteSource;
    expect(events.at(0)).toEqual({ stage: "convert", name: "language", loaded: 0, total: source.size, unit: "bytes" });
    expect(events.at(-1)).toMatchObject({ loaded: source.size, total: source.size });
    const again = await place([each], options({ ...store, put: refusing.put }));
    expect(again.externalData[0]?.source).toBe(source);
    for (const { name, byteLength } of each.parts) {
      const { offset, length } = first.locate(name);
      expect(length).toBe(byteLength);
      expect(offset % 64).toBe(0);
    }
  }
});

test("float32 is copied bit by bit, bfloat16 widened", async () => {
  const placed = await place([stored("a", "F32", "fp32"), stored("b", "BF16", "fp32")], options());
  const source = placed.externalData[0]?.source as ByteSource;
  const read = async (part: string): Promise<Float32Array> => {
    const { offset, length } = placed.locate(part);
    return new Float32Array((await source.read(offset, length)).slice().buffer);
  };
  expect(await read("a")).toEqual(allValues);
  const expected = new Float32Array(new Uint32Array(allValues.buffer).map((bits) => (bits >> 16) << 16).buffer);
  expect(await read("b")).toEqual(expected);
});

test("formats, models, revisions, devices and versions have different entries", async () => {
  const { store, keys } = watched();
  for (const format of weightFormats) await place([stored("a", "BF16", format)], options(store));
  await place([stored("b", "BF16", "q8")], options(store));
  for (const other of [{ revision: "abd" }, { device: "wasm" }, { version: "1.2.4" }]) {
    await place([stored("a", "BF16", "q8")], { ...options(store), ...other });
  }
  expect(keys().filter((key) => key.endsWith(".weights"))).toHaveLength(9);
});

test("what was converted and not accepted, was changed, or lost its record, is converted again", async () => {
  const each = stored("a", "BF16", "q8");
  const { store, keys, entries } = watched();
  const conversions = async (): Promise<boolean> =>
    (await placeWeights([each], options(store))).conversion !== undefined;
  expect(await conversions()).toBe(true);
  expect(await conversions()).toBe(true);
  await place([each], options(store));
  expect(await conversions()).toBe(false);
  const [weights, record] = [".weights", ".json"].map((end) => keys().find((key) => key.endsWith(end)) as string);
  for (const damage of [
    () => entries.get(weights as string)?.fill(7, 30, 31),
    () => entries.set(weights as string, (entries.get(weights as string) as Uint8Array).slice(1)),
    () => entries.delete(weights as string),
    () => entries.get(record as string)?.fill(32, 10, 20),
    () => entries.delete(record as string),
  ]) {
    await place([each], options(store));
    expect(await conversions()).toBe(false);
    damage();
    expect(await conversions()).toBe(true);
  }
});

test("a format that loses too much is refused with the figures, and nothing is kept", async () => {
  for (const [value, format] of [
    [NaN, "q8"],
    [Infinity, "int8"],
    [1e6, "fp16"],
  ] as const) {
    const { store, keys } = watched();
    const bad = stored(
      "b",
      "BF16",
      format,
      undefined,
      allValues.map((each, index) => (index === 50 ? value : each)),
    );
    const error = await placeWeights([stored("a", "BF16", format), bad], options(store)).catch(
      (cause: unknown) => cause,
    );
    expect(QuantizationError.isInstance(error)).toBe(true);
    expect((error as QuantizationError).part).toBe("b");
    expect(keys()).toEqual([]);
  }
  const { store, keys } = watched();
  const { conversion } = await placeWeights([stored("a", "BF16", "q8")], options(store));
  await conversion?.reject();
  expect(keys()).toEqual([]);
});

test("a converted checkpoint is used where it is, and turned into another format where the device needs one", async () => {
  const original = stored("a", "F32", "q8");
  const store = memoryByteStore();
  const placed = await place([original], options(store));
  const source = { ...(placed.externalData[0]?.source as ByteSource), path: "/converted" };
  const tensors = original.parts.map(({ name, dims }) => {
    const { offset, length } = placed.locate(name);
    return {
      key: name,
      dtype: "U8" as const,
      shape: dims,
      file: { file: "c.safetensors", source },
      offset,
      byteLength: length,
    };
  });
  const parameter: Parameter = { key: "a", shape: [4, 40], forms: new Map([["q8", tensors]]) };
  const again = await placeWeights(
    [{ parameters: [parameter], format: "q8", parts: original.parts }],
    options(refusing),
  );
  expect(again.externalData[0]?.source).toBe(source);
  expect(again.locate("a.q8.scales")).toEqual({ ...placed.locate("a.q8.scales"), location: "c.safetensors" });
  const widened = await place(
    [{ parameters: [parameter], format: "fp32", parts: storedParts(parameter, "fp32") }],
    options(),
  );
  const values = new Float32Array((await (widened.externalData[0]?.source as ByteSource).read(0, 640)).slice().buffer);
  values.forEach((value, index) => expect(Math.abs(value - (allValues[index] as number))).toBeLessThan(0.01));
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
  await place([each, stored("b", "BF16", "q8")], {
    ...options({ ...store, put: (...rest) => ((isEmpty = true), store.put(...rest)) }),
  });
  expect(isEmpty).toBe(true);
});

/** A store whose entries can be looked at and damaged. */
function watched(): { store: ByteStore; keys: () => string[]; entries: Map<string, Uint8Array> } {
  const entries = new Map<string, Uint8Array>();
  const store: ByteStore = {
    get: async (key) => {
      const bytes = entries.get(key);
      return bytes && memoryByteSource(bytes);
    },
    async put(key, size, pieces) {
      const bytes = new Uint8Array(size);
      let at = 0;
      for await (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
      }
      entries.set(key, bytes);
      return memoryByteSource(bytes);
    },
    async delete(key) {
      entries.delete(key);
    },
  };
  return { store, keys: () => [...entries.keys()], entries };
}
