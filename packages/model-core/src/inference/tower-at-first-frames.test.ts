import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeBackend } from "@smolvlm/backend-node";
import {
  BackendError,
  DisposedError,
  tensor,
  type Backend,
  type FrameFeed,
  type ProgressEvent,
  type Tensor,
} from "@smolvlm/contracts";
import { memoryByteStore } from "@smolvlm/hub";
import { fileByteStore } from "@smolvlm/hub/node";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { SmolVLMForConditionalGeneration } from "../smolvlm-for-conditional-generation.js";
import { recordingBackend } from "../testing/recording-backend.js";
import { tinyCase, tinyFiles } from "../testing/tiny-model.js";
import { ModelRuntime, type FromPretrainedOptions } from "./model-runtime.js";

/** The sessions that were asked for, and what each waits for. */
const asked: string[] = [];
let wait: (graph: string) => Promise<void>;
let open = 0;
beforeEach(() => {
  asked.length = 0;
  wait = async () => undefined;
});

let inner: Backend;
let backend: Backend;
let folder: string;
let inputs: Awaited<ReturnType<typeof tinyCase>>["inputs"];
let pixelValues: Tensor<"float32">;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smolvlm-tower-"));
  ({ inputs } = await tinyCase("v2-gqa-fp32", "two-images"));
  pixelValues = inputs.pixelValues as Tensor<"float32">;
  inner = nodeBackend({ worker: false, threads: 1 });
  backend = {
    ...inner,
    async createSession(graph, options) {
      asked.push(graph.name);
      await wait(graph.name);
      const session = await inner.createSession(graph, options);
      open++;
      const dispose = session[Symbol.asyncDispose].bind(session);
      return Object.assign(session, {
        [Symbol.asyncDispose]: async () => {
          open--;
          await dispose();
        },
      });
    },
  };
});
afterAll(async () => {
  await inner[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A model whose converted weights are kept in a folder. */
async function load(options: Omit<FromPretrainedOptions, "backend"> = {}): Promise<SmolVLMForConditionalGeneration> {
  const store = fileByteStore(folder);
  return SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles("v2-gqa-fp32"), {
    backend,
    store,
    dtype: "q8",
    ...options,
  });
}

/** All frames of `pixelValues`, one by one; `before` is awaited ahead of the first. */
function feedOf(before: Promise<void> = Promise.resolve()): FrameFeed {
  const [samples = 0, frames = 0, ...dims] = pixelValues.dims;
  const size = dims.reduce((product, dim) => product * dim);
  return {
    count: samples * frames,
    async *[Symbol.asyncIterator]() {
      await before;
      for (let at = 0; at < samples * frames; at++)
        yield tensor("float32", dims, pixelValues.data.subarray(at * size, (at + 1) * size));
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A promise to be fulfilled by hand. */
function gate(): { readonly passed: Promise<void>; readonly pass: () => void } {
  let pass: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (pass = resolve));
  return { passed, pass };
}

test("a first load converts both towers and loads them; the next one leaves the vision tower for the first frames", async () => {
  await using first = await load();
  expect(asked.sort()).toEqual(["language", "vision"]);
  const features = await first.getImageFeatures({ pixelValues });
  asked.length = 0;
  const events: ProgressEvent[] = [];
  await using second = await load({ onProgress: (event) => events.push(event) });
  expect(asked).toEqual(["language"]);
  expect(events.at(-1)).toMatchObject({ stage: "load", name: "language" });
  expect(events.at(-1)?.loaded).toBe(events.at(-1)?.total);
  await using _decoder = await second.prefill({ inputIds: tensor("int32", [1, 3], Int32Array.of(5, 6, 7)) });
  expect(asked).toEqual(["language"]);
  // Both at once: one session.
  const [one, other] = await Promise.all([0, 1].map(() => second.getImageFeatures({ pixelValues })));
  expect(asked).toEqual(["language", "vision"]);
  expect(one).toEqual(features);
  expect(other).toEqual(features);
});

test("a checkpoint that is used where it lies has the same", async () => {
  await using model = await load({ dtype: "fp32" });
  expect(asked).toEqual(["language"]);
  await model.forward(inputs);
  expect(asked).toEqual(["language", "vision"]);
});

test("weights that are not in files, and devices that they are copied to, have both from the start", async () => {
  const store = memoryByteStore();
  for (let time = 0; time < 2; time++) {
    asked.length = 0;
    await using _model = await load({ store });
    expect(asked.sort()).toEqual(["language", "vision"]);
  }
  const recording = recordingBackend();
  for (const device of ["cpu", "cuda"] as const) {
    const there = { ...recording, target: { ...recording.target, device } };
    await ModelRuntime.load(await tinyFiles("v2-gqa-fp32"), { backend: there }, "logits");
  }
  expect(recording.graphs.map(({ name }) => name)).toEqual(["language", "vision", "language"]);
});

test("weights that are gone by then are converted again", async () => {
  await (await load())[Symbol.asyncDispose]();
  await using model = await load();
  await rm(folder, { recursive: true });
  await model.getImageFeatures({ pixelValues });
  await using _next = await load();
  expect(asked.filter((name) => name === "vision")).toHaveLength(1);
});

test("frames that are made as they are taken find the session being made", async () => {
  await using model = await load();
  asked.length = 0;
  const { passed, pass } = gate();
  wait = async () => pass();
  await using decoder = await model.prefill({ ...inputs, pixelValues: undefined, frames: feedOf(passed) });
  expect(asked).toEqual(["vision"]);
  await using same = await model.prefill(inputs);
  expect(decoder.logits).toEqual(same.logits);
});

test("frames whose features are in a store do without it", async () => {
  const visionCache = { store: memoryByteStore() };
  await using first = await load({ visionCache });
  const features = await first.getImageFeatures({ pixelValues });
  await using second = await load({ visionCache });
  asked.length = 0;
  expect(await second.getImageFeatures({ pixelValues })).toEqual(features);
  await using _decoder = await second.prefill({ ...inputs, pixelValues: undefined, frames: feedOf() });
  expect(asked).toEqual([]);
});

test("a session that cannot be made is the call's error, and the next call tries again", async () => {
  await using model = await load();
  const tries = [new BackendError("test", "no room."), new BackendError("test", "no room yet.")];
  wait = async () => {
    const error = tries.shift();
    if (error) throw error;
  };
  await expect(model.getImageFeatures({ pixelValues })).rejects.toThrow(/no room\./);
  const fed = { ...inputs, pixelValues: undefined, frames: feedOf() };
  await expect(model.prefill(fed)).rejects.toThrow(/no room yet/);
  expect((await model.getImageFeatures({ pixelValues })).dims[0]).toBeGreaterThan(0);
});

test("a call that is aborted meanwhile ends with the signal's reason; the session is there for the next", async () => {
  await using model = await load();
  asked.length = 0;
  const controller = new AbortController();
  const reason = new RangeError("enough");
  wait = async () => controller.abort(reason);
  await expect(model.getImageFeatures({ pixelValues, signal: controller.signal })).rejects.toBe(reason);
  await model.getImageFeatures({ pixelValues });
  expect(asked).toEqual(["vision"]);
});

test("a model that is disposed meanwhile lets go of the session; frames after that find it disposed", async () => {
  const before = open;
  const model = await load();
  const { passed, pass } = gate();
  const begun = gate();
  wait = () => {
    begun.pass();
    return passed;
  };
  const call = expect(model.getImageFeatures({ pixelValues })).rejects.toSatisfy((error) =>
    DisposedError.isInstance(error),
  );
  await begun.passed;
  const disposed = model[Symbol.asyncDispose]();
  pass();
  await Promise.all([call, disposed]);
  expect(open).toBe(before);
  await expect(model.getImageFeatures({ pixelValues })).rejects.toSatisfy((error) => DisposedError.isInstance(error));
});
