import { DisposedError, InvalidArgumentError, tensor, type Tensor } from "@smolvlm/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { xoshiro128 } from "../generation/xoshiro128.js";
import { SmolVLMForConditionalGeneration, type GenerateInputs } from "../smolvlm-for-conditional-generation.js";
import { greatestDifference } from "../testing/fixtures.js";
import { countingBackend, tinyCase, tinyFiles } from "../testing/tiny-model.js";
import type { PromptCache } from "./prompt-cache.js";

// Rounding differs with the shape of a product; anything else would show in the first digits.
const SAME = 1e-4;
const CHECKPOINT = "v2-gqa-fp32";

let readTokens = 0;
const backend = countingBackend();
let model: SmolVLMForConditionalGeneration;
beforeAll(async () => {
  model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles(CHECKPOINT), { backend });
});
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

/** A conversation so far: ids, and the features of the frames its `<image>` tokens show. */
interface Talk {
  readonly ids: readonly number[];
  readonly imageFeatures: Tensor<"float32">;
}

function inputsOf({ ids, imageFeatures }: Talk): Pick<GenerateInputs, "inputIds" | "imageFeatures" | "onProgress"> {
  return {
    inputIds: tensor("int32", [1, ids.length], Int32Array.from(ids)),
    imageFeatures,
    onProgress: ({ stage, total }) => (readTokens = stage === "prefill" ? total : readTokens),
  };
}

async function answer(
  inputs: GenerateInputs,
): Promise<{ logits: Tensor<"float32">; tokens: readonly number[]; imageFeatures?: Tensor<"float32"> | undefined }> {
  await using stream = await model.stream({ maxNewTokens: 4, eosTokenIds: [], ...inputs });
  for await (const _step of stream);
  return { logits: stream.promptLogits, tokens: [...(stream.snapshot().newTokens[0] as Int32Array)] };
}

/** A prompt with pictures, as a start. */
async function start(): Promise<Talk> {
  const { inputs } = await tinyCase(CHECKPOINT, "two-images");
  const imageFeatures = await model.getImageFeatures({ pixelValues: inputs.pixelValues as Tensor<"float32"> });
  return { ids: [...inputs.inputIds.data], imageFeatures };
}

test("only what is new is read, and it gives what reading all gives", async () => {
  await using promptCache = model.createPromptCache();
  let talk = await start();
  const first = await answer({ ...inputsOf(talk), promptCache });
  expect(readTokens).toBe(talk.ids.length);
  // The last token of an answer was never read.
  expect(promptCache.length).toBe(talk.ids.length + first.tokens.length - 1);
  const question = [5, 6, 7];
  talk = { ...talk, ids: [...talk.ids, ...first.tokens, ...question] };
  const second = await answer({ ...inputsOf(talk), promptCache });
  expect(readTokens).toBe(1 + question.length);
  const alone = await answer(inputsOf(talk));
  expect(second.tokens).toEqual(alone.tokens);
  expect(greatestDifference(second.logits, alone.logits)).toBeLessThan(SAME);
  // The same prompt again needs its last position.
  await answer({ ...inputsOf(talk), promptCache });
  expect(readTokens).toBe(1);
});

test("another picture under the same tokens is another prompt", async () => {
  await using promptCache = model.createPromptCache();
  const talk = await start();
  await answer({ ...inputsOf(talk), promptCache });
  const imageTokenId = model.config.imageTokenId;
  const data = talk.imageFeatures.data.slice();
  // The last row of the features that is used: everything before its token stays.
  const tokens = talk.ids.filter((id) => id === imageTokenId).length;
  data[tokens * model.config.textConfig.hiddenSize - 1] = 3;
  const other = { ...talk, imageFeatures: tensor("float32", talk.imageFeatures.dims, data) };
  const found = await answer({ ...inputsOf(other), promptCache });
  expect(readTokens).toBe(talk.ids.length - talk.ids.lastIndexOf(imageTokenId));
  expect(greatestDifference(found.logits, (await answer(inputsOf(other))).logits)).toBeLessThan(SAME);
});

test("any sequence of turns, forks, rewinds and aborts leaves caches that agree with reading all anew", async () => {
  const random = xoshiro128(7);
  const below = (limit: number): number => Math.floor(random() * limit);
  const talks: { talk: Talk; cache: PromptCache }[] = [{ talk: await start(), cache: model.createPromptCache() }];
  const done: string[] = [];
  for (let step = 0; step < 60; step++) {
    const index = below(talks.length);
    const chosen = talks[index] as (typeof talks)[number];
    const { talk, cache } = chosen;
    const action = ["turn", "turn", "turn", "abort", "fork", "rewind", "change", "drop"][below(8)] as string;
    done.push(action);
    const question = Array.from({ length: 1 + below(5) }, () => 5 + below(60));
    if (action === "turn" || action === "abort") {
      const next = { ...talk, ids: [...talk.ids, ...question] };
      const length = cache.length;
      const controller = new AbortController();
      const stop = below(3);
      const inputs: GenerateInputs = {
        ...inputsOf(next),
        promptCache: cache,
        signal: controller.signal,
        onToken: ({ index: at }) => action === "abort" && at >= stop && controller.abort(),
      };
      if (action === "abort") {
        expect(await answer(inputs).catch((error: unknown) => error)).toBe(controller.signal.reason);
        await cache.rewind(Math.min(cache.length, length));
      } else {
        const found = await answer(inputs);
        const alone = await answer(inputsOf(next));
        expect(found.tokens, done.join()).toEqual(alone.tokens);
        expect(greatestDifference(found.logits, alone.logits), done.join()).toBeLessThan(SAME);
        chosen.talk = { ...next, ids: [...next.ids, ...found.tokens] };
      }
    } else if (action === "fork" && talks.length < 4) {
      talks.push({ talk, cache: await cache.fork() });
    } else if (action === "rewind") {
      const kept = Math.max(talk.ids.length - below(30), 40);
      chosen.talk = { ...talk, ids: talk.ids.slice(0, kept) };
      await cache.rewind(Math.min(cache.length, kept));
    } else if (action === "change") {
      // A template that writes an earlier turn differently.
      const at = Math.max(talk.ids.length - 1 - below(20), 0);
      if (talk.ids[at] !== model.config.imageTokenId) chosen.talk = { ...talk, ids: talk.ids.with(at, 5 + below(60)) };
    } else if (action === "drop" && talks.length > 1) {
      await cache[Symbol.asyncDispose]();
      talks.splice(index, 1);
    }
    if (chosen.talk.ids.length > 300) chosen.talk = await start();
  }
  expect(new Set(done).size).toBe(6);
  for (const { cache } of talks) await cache[Symbol.asyncDispose]();
});

test("what cannot be done is refused", async () => {
  const { inputs } = await tinyCase(CHECKPOINT, "batch-two-texts");
  const promptCache = model.createPromptCache();
  await expect(model.stream({ ...inputs, promptCache })).rejects.toThrow("expected one row, with a promptCache");
  const talk = await start();
  const stream = await model.stream({ ...inputsOf(talk), promptCache });
  for (const use of [
    () => model.stream({ ...inputsOf(talk), promptCache }),
    () => promptCache.fork(),
    () => promptCache.rewind(0),
  ]) {
    await expect(use()).rejects.toThrow(InvalidArgumentError);
  }
  await stream[Symbol.asyncDispose]();
  await expect(promptCache.rewind(promptCache.length + 1)).rejects.toThrow("length: expected a whole number");
  await promptCache.rewind(0);
  expect(promptCache.length).toBe(0);
  await promptCache[Symbol.asyncDispose]();
  await promptCache[Symbol.asyncDispose]();
  await expect(model.stream({ ...inputsOf(talk), promptCache })).rejects.toThrow(DisposedError);
});
