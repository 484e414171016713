import { tensor } from "@smolvlm/contracts";
import { afterAll, expect, test } from "vitest";
import { xoshiro128 } from "../generation/xoshiro128.js";
import { SmolVLMForConditionalGeneration, type GenerateInputs } from "../smolvlm-for-conditional-generation.js";
import { checkpointNames } from "../testing/fixtures.js";
import { countingBackend, tinyCase, tinyFiles } from "../testing/tiny-model.js";

const backend = countingBackend();
afterAll(() => backend[Symbol.asyncDispose]());

/** New ids, and how often the text model ran. */
async function answer(
  model: SmolVLMForConditionalGeneration,
  inputs: GenerateInputs,
): Promise<{ readonly ids: readonly number[]; readonly runs: number }> {
  const before = backend.runs.get("language") ?? 0;
  await using stream = await model.stream({ maxNewTokens: 40, eosTokenIds: [], ...inputs });
  for await (const _step of stream);
  return {
    ids: [...(stream.snapshot().newTokens[0] as Int32Array)],
    runs: (backend.runs.get("language") ?? 0) - before,
  };
}

/** A prompt of words that come again. */
function promptOf(seed: number, length: number): GenerateInputs["inputIds"] {
  const random = xoshiro128(seed);
  return tensor(
    "int32",
    [1, length],
    Int32Array.from({ length }, () => 5 + Math.floor(random() * 12)),
  );
}

test.each(checkpointNames)("%s: guessing makes fewer runs of the same tokens", async (name) => {
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles(name), { backend });
  for (let seed = 1; seed <= 3; seed++) {
    const inputs = { inputIds: promptOf(seed, 20 + 11 * seed) };
    for (const options of [{}, { repetitionPenalty: 1.3 }, { doSample: true, temperature: 0.2, seed }]) {
      const plain = await answer(model, { ...inputs, ...options, promptLookup: false });
      const guessing = await answer(model, { ...inputs, ...options, promptLookup: true });
      expect(guessing.ids).toEqual(plain.ids);
      expect(guessing.runs).toBeLessThanOrEqual(plain.runs);
    }
  }
});

test("a text that repeats itself takes a fraction of the runs", async () => {
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles("v2-tied-bf16"), {
    backend,
  });
  // Forced round and round.
  const prefixAllowedTokensFn = (_row: number, ids: Int32Array): readonly number[] => [10 + (ids.length % 7)];
  const inputs = { inputIds: promptOf(1, 30), prefixAllowedTokensFn, maxNewTokens: 80 };
  const plain = await answer(model, { ...inputs, promptLookup: false });
  const guessing = await answer(model, inputs);
  expect(guessing.ids).toEqual(plain.ids);
  expect(guessing.runs).toBeLessThan(plain.runs / 3);
});

test("a prompt cache holds what was said, whatever was guessed", async () => {
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles("v2-tied-bf16"), {
    backend,
  });
  for (let seed = 1; seed <= 6; seed++) {
    await using promptCache = model.createPromptCache();
    const inputIds = promptOf(seed, 30);
    const maxNewTokens = 20 + seed;
    const { ids } = await answer(model, { inputIds, promptCache, maxNewTokens });
    expect(promptCache.length).toBe(30 + maxNewTokens - 1);
    const next = tensor("int32", [1, 30 + maxNewTokens + 3], Int32Array.of(...inputIds.data, ...ids, 7, 8, 9));
    const cached = await answer(model, { inputIds: next, promptCache });
    expect(cached.ids).toEqual((await answer(model, { inputIds: next })).ids);
  }
});

test("guesses stay within the context", async () => {
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles("v2-tied-bf16"), {
    backend,
  });
  const context = model.config.textConfig.maxPositionEmbeddings;
  const prefixAllowedTokensFn = (_row: number, ids: Int32Array): readonly number[] => [10 + (ids.length % 3)];
  const inputIds = promptOf(1, context - 30);
  const { ids } = await answer(model, { inputIds, prefixAllowedTokensFn, maxNewTokens: 30 });
  expect(ids).toHaveLength(30);
});

test("batches do without", async () => {
  const { inputs } = await tinyCase("v2-gqa-fp32", "batch-two-texts");
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles("v2-gqa-fp32"), { backend });
  const plain = await answer(model, { ...inputs, promptLookup: false });
  expect(await answer(model, { ...inputs, promptLookup: true })).toEqual(plain);
});
