import { DisposedError, type ModelInputs } from "@smolvlm/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { countingBackend, soloRow, tinyCase, tinyFiles } from "../testing/tiny-model.js";
import { LanguageDecoder, type PrefillRequest } from "./language-decoder.js";
import { ModelRuntime } from "./model-runtime.js";

// Rounding differs with the shape of a product; anything else would show in the first digits.
const SAME = 1e-5;

const backend = countingBackend();
let runtime: ModelRuntime;
beforeAll(async () => {
  runtime = await ModelRuntime.load(await tinyFiles("v2-gqa-fp32"), { backend }, "logits");
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

async function decoderFor(
  inputs: Pick<ModelInputs, "inputIds"> & Partial<ModelInputs>,
  options: Partial<PrefillRequest> = {},
): Promise<LanguageDecoder> {
  const { rows, features } = await runtime.prepare(inputs);
  return LanguageDecoder.prefill(await runtime.language("logits"), { rows, features, ...options });
}

function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((greatest, value, index) => Math.max(greatest, Math.abs(value - (b[index] as number))), 0);
}

test("a prompt read in pieces gives what it gives in one", async () => {
  const { inputs } = await tinyCase("v2-gqa-fp32", "one-image");
  for (const maxChunk of [32, 7, 1]) {
    await using whole = await decoderFor(inputs, { maxChunk: 4096 });
    await using pieces = await decoderFor(inputs, { maxChunk });
    expect(pieces.lengths).toEqual(whole.lengths);
    expect(difference(pieces.logits, whole.logits)).toBeLessThan(SAME);
    for (const token of [5, 17]) {
      for (const decoder of [whole, pieces]) await decoder.step(Int32Array.of(token), { active: [true] });
    }
    expect(difference(pieces.logits, whole.logits)).toBeLessThan(SAME);
  }
});

test("every row of a ragged batch is what it is alone, in pieces and step by step, also while others rest", async () => {
  const { inputs } = await tinyCase("v2-gqa-fp32", "batch-mixed");
  const batch = inputs.inputIds.dims[0] as number;
  // The frames belong to rows in order; take the features from the batch.
  const { rows, features } = await runtime.prepare(inputs);
  const runner = await runtime.language("logits");
  await using together = await LanguageDecoder.prefill(runner, { rows, features, maxChunk: 40 });
  expect(new Set(together.lengths).size).toBeGreaterThan(1);
  const active = Array.from({ length: batch }, (_, row) => row !== 0);
  const tokens = Int32Array.from({ length: batch }, (_, row) => 10 + row);
  const first = together.logits.slice();
  await together.step(tokens, { active });
  await together.step(tokens, { active: active.map(() => true) });
  const { vocabSize } = together;
  for (let row = 0; row < batch; row++) {
    await using alone = await LanguageDecoder.prefill(runner, { rows: rows.slice(row, row + 1), features });
    const own = (logits: Float32Array): Float32Array => logits.subarray(row * vocabSize, (row + 1) * vocabSize);
    expect(difference(alone.logits, own(first))).toBeLessThan(SAME);
    for (let step = row === 0 ? 1 : 0; step < 2; step++)
      await alone.step(tokens.slice(row, row + 1), { active: [true] });
    expect(difference(alone.logits, own(together.logits))).toBeLessThan(SAME);
    expect(alone.lengths[0]).toBe(together.lengths[row]);
  }
});

test("padding on the right gives what padding on the left gives", async () => {
  const { inputs } = await tinyCase("v2-gqa-fp32", "batch-two-texts");
  const [batch = 0, length = 0] = inputs.inputIds.dims;
  const rows = Array.from({ length: batch }, (_, row) => soloRow(inputs, row).data);
  const right = (value: (row: number, index: number) => number) => ({
    ...inputs.inputIds,
    data: Int32Array.from({ length: batch * length }, (_, index) => value(Math.floor(index / length), index % length)),
  });
  await using onLeft = await decoderFor({ inputIds: inputs.inputIds, attentionMask: inputs.attentionMask });
  await using onRight = await decoderFor({
    inputIds: right((row, index) => rows[row]?.[index] ?? 2),
    attentionMask: right((row, index) => (index < (rows[row] as Int32Array).length ? 1 : 0)),
  });
  expect(onRight.logits).toEqual(onLeft.logits);
});

test("an abort is noticed between pieces and before a step; the cache is given back", async () => {
  const { inputs } = await tinyCase("v2-gqa-fp32", "text-only");
  const controller = new AbortController();
  const before = backend.runs.get("language") ?? 0;
  const onProgress = ({ loaded }: { loaded: number }): void => {
    if (loaded > 0) controller.abort();
  };
  const prefill = decoderFor(inputs, { maxChunk: 3, signal: controller.signal, onProgress });
  expect(await prefill.catch((error: unknown) => error)).toBe(controller.signal.reason);
  expect(backend.runs.get("language")).toBe(before + 1);
  await using decoder = await decoderFor(inputs);
  const step = decoder.step(Int32Array.of(1), { active: [true], signal: controller.signal });
  expect(await step.catch((error: unknown) => error)).toBe(controller.signal.reason);
});

test("progress counts the tokens of all rows", async () => {
  const { inputs } = await tinyCase("v2-gqa-fp32", "batch-two-texts");
  const loaded: number[] = [];
  let total = 0;
  await using decoder = await decoderFor(inputs, {
    maxChunk: 16,
    onProgress: (event) => (loaded.push(event.loaded), (total = event.total)),
  });
  expect(total).toBe(decoder.lengths.reduce((sum, length) => sum + length, 0));
  expect(loaded[0]).toBe(0);
  expect(loaded.at(-1)).toBe(total);
  expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
});

test("a decoder that was disposed says so", async () => {
  const { inputs } = await tinyCase("v2-gqa-fp32", "text-only");
  const decoder = await decoderFor(inputs);
  await decoder[Symbol.asyncDispose]();
  await decoder[Symbol.asyncDispose]();
  await expect(decoder.step(Int32Array.of(1), { active: [true] })).rejects.toThrow(DisposedError);
});
