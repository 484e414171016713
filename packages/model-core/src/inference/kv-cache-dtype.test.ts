import { InvalidArgumentError, type Backend } from "@smolvlm/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { countingBackend, tinyCase, tinyFiles } from "../testing/tiny-model.js";
import { LanguageDecoder } from "./language-decoder.js";
import { ModelRuntime } from "./model-runtime.js";

const CHECKPOINT = "v2-gqa-fp32";
/** Part of the largest logit that rounding keys and values to 1 / 254 of their largest channel may cost. */
const CLOSE = 0.02;
// Rounding differs with the shape of a product.
const SAME = 1e-5;

const backend = countingBackend();
let exact: ModelRuntime;
let rounded: ModelRuntime;
beforeAll(async () => {
  const files = await tinyFiles(CHECKPOINT);
  exact = await ModelRuntime.load(files, { backend }, "logits");
  rounded = await ModelRuntime.load(files, { backend, kvCacheDtype: "int8" }, "logits");
});
afterAll(async () => {
  await exact[Symbol.asyncDispose]();
  await rounded[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

/** The logits of every row of a golden batch, and those of two more steps. */
async function logitsOf(runtime: ModelRuntime, maxChunk: number, only?: number): Promise<readonly Float32Array[]> {
  const { inputs } = await tinyCase(CHECKPOINT, "batch-mixed");
  const { rows: all, features } = await runtime.prepare(inputs);
  const rows = only === undefined ? all : all.slice(only, only + 1);
  await using decoder = await LanguageDecoder.prefill(await runtime.language("logits"), { rows, features, maxChunk });
  const logits = [decoder.logits.slice()];
  for (const token of [11, 23]) {
    await decoder.step(
      Int32Array.from(rows, () => token),
      { active: rows.map(() => true) },
    );
    logits.push(decoder.logits.slice());
  }
  return logits;
}

function difference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length));
  return Math.max(...a.flatMap((values, step) => [...values.map((x, at) => Math.abs(x - (b[step]?.[at] as number)))]));
}

test("an int8 cache gives nearly what fp32 gives, and is not the same", async () => {
  const [expected, found] = [await logitsOf(exact, 16), await logitsOf(rounded, 16)];
  const largest = Math.max(...expected.flatMap((logits) => [...logits.map(Math.abs)]));
  expect(difference(found, expected)).toBeLessThan(CLOSE * largest);
  expect(difference(found, expected)).toBeGreaterThan(0);
  // The positions of one run see each other as they are; only the past is rounded.
  expect(difference((await logitsOf(rounded, 4096)).slice(0, 1), (await logitsOf(exact, 4096)).slice(0, 1))).toBe(0);
});

test("a row of a batch is what it is alone", async () => {
  const together = await logitsOf(rounded, 16);
  const { vocabSize } = exact.config.textConfig;
  for (let row = 0; row * vocabSize < (together[0]?.length ?? 0); row++) {
    const own = together.map((logits) => logits.slice(row * vocabSize, (row + 1) * vocabSize));
    expect(difference(await logitsOf(rounded, 16, row), own)).toBeLessThan(SAME);
  }
});

test("its bytes are those of the rounded values and their scales", async () => {
  const { headDim } = exact.config.textConfig;
  const bytes = async (runtime: ModelRuntime): Promise<number> => {
    const runner = await runtime.language("logits");
    await using cache = await runner.session.createCache(1);
    const embeds = new Float32Array(2 * runtime.config.textConfig.hiddenSize);
    await runner.run({ cache, embeds, sequence: 2, newLengths: [2], logitsRows: [1], outputs: ["logits"] });
    return cache.byteLength;
  };
  expect(await bytes(rounded)).toBe((await bytes(exact)) * ((headDim + 4) / (4 * headDim)));
});

test("it is refused where the cache is not in arrays of the session", async () => {
  const gpu: Backend = { ...backend, target: { ...backend.target, device: "webgpu", keyValueCache: "in-place" } };
  for (const [refusing, kvCacheDtype] of [
    [gpu, "int8"],
    [backend, "int4" as "int8"],
  ] as const) {
    const loading = ModelRuntime.load(await tinyFiles(CHECKPOINT), { backend: refusing, kvCacheDtype }, "logits");
    const error: unknown = await loading.catch((reason: unknown) => reason);
    expect(InvalidArgumentError.isInstance(error)).toBe(true);
    expect(String(error)).toContain("kvCacheDtype");
  }
});
