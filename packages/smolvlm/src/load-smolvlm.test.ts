import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeBackend } from "@smolvlm/backend-node";
import { nanoModelPath } from "@smolvlm/nano";
import { BackendError, ModelFileError, type Backend, type ModelFiles } from "@smolvlm/contracts";
import { memoryByteStore, memoryModelFiles } from "@smolvlm/hub";
import { openModel } from "@smolvlm/hub/node";
import { inThisThread } from "@smolvlm/model-core";
import { SmolVLMProcessor } from "@smolvlm/processor";
import { loadSmolVLM } from "smolvlm";
import { expect, test, vi } from "vitest";
import { loadWith } from "./load-smolvlm.js";
import { nodeRuntime } from "./node/node-runtime.js";
import { weightMeter } from "./weight-meter.js";

test("a processor that cannot be made fails at once; the backend is disposed of when it has started", async () => {
  let start: (backend: Backend) => void = () => undefined;
  const starting = new Promise<Backend>((resolve) => (start = resolve));
  const loading = loadWith({ ...nodeRuntime, createBackend: () => starting }, memoryModelFiles({}), {});
  await expect(loading).rejects.toSatisfy((error) => ModelFileError.isInstance(error));
  await new Promise<void>((disposed) => {
    start({ ...nodeBackend(), [Symbol.asyncDispose]: async () => disposed() });
  });
});

test("a backend that does not start says why", async () => {
  const createBackend = (): Promise<Backend> => Promise.reject(new BackendError("inert", "no such device."));
  await expect(loadWith({ ...nodeRuntime, createBackend }, nanoModelPath, {})).rejects.toThrow(/no such device/);
});

test("the processor is made while the backend makes the first session", async () => {
  await using inner = nodeBackend({ threads: 1 });
  let made: () => void = () => undefined;
  const isMade = new Promise<void>((resolve) => (made = resolve));
  const { read } = SmolVLMProcessor;
  const spy = vi.spyOn(SmolVLMProcessor, "read").mockImplementation(async (...given) => {
    const make = await read.apply(SmolVLMProcessor, given);
    return () => {
      made();
      return make();
    };
  });
  const backend: Backend = {
    ...inner,
    async createSession(graph, options) {
      options?.onProgress?.({ stage: "load", name: graph.name, loaded: 0, total: 1, unit: "bytes" });
      await isMade;
      return inner.createSession(graph, options);
    },
  };
  try {
    await using model = await loadSmolVLM(nanoModelPath, { backend, store: memoryByteStore() });
    expect(model.processor.tokenizer.encode("a").length).toBe(1);
  } finally {
    spy.mockRestore();
  }
});

test.each([
  ["contradicts itself", contradicting, /tokenizer\.json: the added tokens .* both have the id 3/],
  ["is cut short", (text: string) => text.slice(0, -9), /tokenizer\.json: it is not JSON/],
])("a tokenizer that %s ends loading; neither sessions nor the backend remain", async (_name, change, message) => {
  const files = await openModel(nanoModelPath);
  const text = await readFile(join(nanoModelPath, "tokenizer.json"), "utf8");
  const broken = memoryModelFiles({ "tokenizer.json": change(text) });
  let isDisposed = false;
  const inner = weightMeter(nodeBackend({ threads: 1 }));
  const createBackend = (): Backend => ({
    ...inner,
    [Symbol.asyncDispose]: async () => {
      isDisposed = true;
      await inner[Symbol.asyncDispose]();
    },
  });
  const mixed: ModelFiles = {
    ...files,
    list: (options) => files.list(options),
    open: (path, options) => (path === "tokenizer.json" ? broken : files).open(path, options),
    prefetch: (paths, options) => files.prefetch(paths, options),
  };
  const createConverter = () => ({ ...inThisThread, [Symbol.asyncDispose]: async () => undefined });
  const runtime = { ...nodeRuntime, createBackend, createConverter };
  const loading = loadWith(runtime, mixed, { store: memoryByteStore() });
  await expect(loading).rejects.toThrow(message);
  expect([inner.weightBytes, isDisposed]).toEqual([0, true]);
});

function contradicting(text: string): string {
  const json = JSON.parse(text) as { added_tokens: { id: number }[] };
  for (const token of json.added_tokens) token.id = 3;
  return JSON.stringify(json);
}
