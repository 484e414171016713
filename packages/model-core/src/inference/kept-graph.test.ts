import { nodeBackend } from "@smolvlm/backend-node";
import type { ByteSource, ByteStore, ModelFiles } from "@smolvlm/contracts";
import { memoryByteSource, memoryByteStore, StorageError } from "@smolvlm/hub";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { GraphBuilder } from "../graph/graph-builder.js";
import { SmolVLMForConditionalGeneration } from "../smolvlm-for-conditional-generation.js";
import { tinyCase, tinyFiles } from "../testing/tiny-model.js";
import { once } from "../weights/once.js";
import type { FromPretrainedOptions } from "./model-runtime.js";

const backend = nodeBackend({ worker: false, threads: 1 });
const { inputs } = await tinyCase("v2-gqa-fp32", "two-images");
afterAll(() => backend[Symbol.asyncDispose]());

/** Graphs that were built. */
let encoded: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  encoded = vi.spyOn(GraphBuilder.prototype, "encode");
});
afterEach(() => encoded.mockRestore());

/** A store with a list of its keys. */
function listedStore(inner = memoryByteStore()): ByteStore & { readonly keys: Set<string> } {
  const keys = new Set<string>();
  return {
    keys,
    get: (key, options) => inner.get(key, options),
    put: (key, ...rest) => {
      keys.add(key);
      return inner.put(key, ...rest);
    },
    delete: (key) => {
      keys.delete(key);
      return inner.delete(key);
    },
  };
}

async function logits(
  store: ByteStore,
  options: Partial<FromPretrainedOptions> = {},
  files?: ModelFiles,
): Promise<Float32Array> {
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(files ?? (await tinyFiles("v2-gqa-fp32")), {
    backend,
    store,
    dtype: "q8",
    ...options,
  });
  await using decoder = await model.prefill(inputs);
  return decoder.logits.slice();
}

const graphsBuilt = (): number => {
  const { length } = encoded.mock.calls;
  encoded.mockClear();
  return length;
};

const keyOf = (store: { readonly keys: Set<string> }, part: string): string =>
  [...store.keys].find((key) => key.includes(part)) ?? part;

const damage = (store: ByteStore, key: string): Promise<unknown> => store.put(key, 100, once(new Uint8Array(100)));

test("the second load builds no graph and gives the same", async () => {
  const store = memoryByteStore();
  const first = await logits(store);
  expect(graphsBuilt()).toBe(2);
  expect(await logits(store)).toEqual(first);
  expect(graphsBuilt()).toBe(0);
});

test("another format, cache or configuration has graphs of its own", async () => {
  const store = memoryByteStore();
  await logits(store);
  graphsBuilt();
  await logits(store, { kvCacheDtype: "int8" });
  expect(graphsBuilt()).toBe(1);
  await logits(store, { dtype: { vision: "int8", text: "q8", head: "q8" } });
  expect(graphsBuilt()).toBe(1);
  await logits(store, {}, await withNormEps(0.25));
  expect(graphsBuilt()).toBe(2);
});

test("a graph that is damaged, or whose weights are, is built again", async () => {
  const store = listedStore();
  const first = await logits(store);
  graphsBuilt();
  const graph = keyOf(store, ".onnx");
  await damage(store, graph);
  expect(await logits(store)).toEqual(first);
  expect(graphsBuilt()).toBe(1);
  expect(await logits(store)).toEqual(first);
  expect(graphsBuilt()).toBe(0);
  const weights = keyOf(store, "/language-q8");
  await damage(store, weights.replace(/json$/, "weights"));
  expect(await logits(store)).toEqual(first);
  expect(graphsBuilt()).toBe(1);
});

test("where there is no room for a graph, loading goes on without", async () => {
  const inner = memoryByteStore();
  const full: ByteStore = {
    ...inner,
    get: (key, options) => inner.get(key, options),
    delete: (key) => inner.delete(key),
    put: async (key, ...rest) => {
      if (key.endsWith(".onnx")) throw new StorageError(key, "the disk is full");
      return inner.put(key, ...rest);
    },
  };
  const first = await logits(full);
  expect(await logits(full)).toEqual(first);
  expect(graphsBuilt()).toBe(4);
});

test("a temporary store keeps none", async () => {
  const inner = listedStore();
  const store: ByteStore = { ...inner, isTemporary: true };
  await logits(store);
  expect(inner.keys.size).toBe(0);
});

/** The same checkpoint, but for one number of its configuration. */
async function withNormEps(value: number): Promise<ModelFiles> {
  const files = await tinyFiles("v2-gqa-fp32");
  const source = (await files.open("config.json")) as ByteSource;
  const config = JSON.parse(new TextDecoder().decode(await source.read(0, source.size))) as ConfigJson;
  config.text_config.rms_norm_eps = value;
  const changed = memoryByteSource(new TextEncoder().encode(JSON.stringify(config)));
  return {
    id: files.id,
    revision: files.revision,
    list: (options) => files.list(options),
    prefetch: (paths, options) => files.prefetch(paths, options),
    open: async (path, options) => (path === "config.json" ? changed : files.open(path, options)),
  };
}

interface ConfigJson {
  readonly text_config: { rms_norm_eps: number };
}
