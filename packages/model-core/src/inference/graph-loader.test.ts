import { nodeBackend } from "@smolvlm/backend-node";
import { BackendError, type Backend, type ProgressEvent } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { countingBackend, tinyFiles } from "../testing/tiny-model.js";
import { ModelRuntime } from "./model-runtime.js";

/** A backend in this thread that waits for `before` ahead of making a session. */
function delayed(before: (graph: string) => Promise<void>): Backend {
  const backend = nodeBackend({ worker: false, threads: 1 });
  return {
    ...backend,
    async createSession(graph, options) {
      await before(graph.name);
      return backend.createSession(graph, options);
    },
  };
}

const load = async (backend: Backend, onProgress?: (event: ProgressEvent) => void): Promise<ModelRuntime> => {
  return ModelRuntime.load(await tinyFiles("v2-gqa-fp32"), { backend, dtype: "q8", onProgress }, "logits");
};

test("while the backend makes the first session, the weights of the second graph are converted", async () => {
  let convert: () => void = () => undefined;
  const converting = new Promise<void>((resolve) => (convert = resolve));
  await using backend = delayed((graph) => (graph === "vision" ? converting : Promise.resolve()));
  await using runtime = await load(backend, ({ stage, name }) => {
    if (stage === "convert" && name === "language") convert();
  });
  expect(runtime.formats.text).toBe("q8");
});

test("conversions take turns", async () => {
  await using backend = countingBackend();
  const converted: (string | undefined)[] = [];
  await using _runtime = await load(backend, ({ stage, name }) => {
    if (stage === "convert" && converted.at(-1) !== name) converted.push(name);
  });
  expect(converted).toEqual(["vision", "language"]);
});

test("a session that cannot be made ends loading with its error", async () => {
  await using backend = delayed(async (graph) => {
    if (graph === "vision") throw new BackendError("test", "no room.");
  });
  await expect(load(backend)).rejects.toThrow(/no room/);
});
