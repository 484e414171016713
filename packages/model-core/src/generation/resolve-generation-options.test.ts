import { InvalidArgumentError } from "@smolvlm/contracts";
import { parseGenerationConfig } from "@smolvlm/config";
import { describe, expect, it } from "vitest";
import type { GenerationOptions } from "./generation-options.js";
import { PromptTooLongError } from "../inference/prompt-too-long-error.js";
import { resolveGenerationOptions, type ResolveGenerationInit } from "./resolve-generation-options.js";

const resolve = (options: GenerationOptions = {}, rest: Partial<ResolveGenerationInit> = {}) =>
  resolveGenerationOptions({ options, promptLengths: [10, 4], contextLength: 100, vocabSize: 50, ...rest });

const failure = (options: Record<string, unknown>, rest: Partial<ResolveGenerationInit> = {}): InvalidArgumentError => {
  try {
    resolve(options as GenerationOptions, rest);
  } catch (error) {
    if (InvalidArgumentError.isInstance(error)) return error;
    throw error;
  }
  return expect.fail(`${JSON.stringify(options)} was accepted`);
};

describe("resolveGenerationOptions", () => {
  it("has the reference's defaults", () => {
    expect(resolve()).toMatchObject({
      doSample: false,
      topK: 50,
      eosTokenIds: [],
      padTokenId: 0,
      stopStrings: [],
      maxLengths: [30, 24],
      seeds: [],
    });
  });

  it("takes from the checkpoint what the call leaves out", () => {
    const generationConfig = parseGenerationConfig({
      eos_token_id: [7, 8],
      pad_token_id: 2,
      do_sample: true,
      temperature: 0.6,
      top_k: 20,
      max_new_tokens: 30,
      stop_strings: "x",
      num_beams: 4,
      bos_token_id: 1,
    });
    const settings = resolve({ topK: 3, stopStrings: undefined, decode: () => "", seed: 9 }, { generationConfig });
    expect(settings).toMatchObject({
      eosTokenIds: [7, 8],
      padTokenId: 2,
      doSample: true,
      temperature: 0.6,
      topK: 3,
      maxLengths: [40, 34],
      stopStrings: ["x"],
      seeds: [9, 9],
    });
    expect(settings).not.toHaveProperty("numBeams");
    expect(resolve({ eosTokenIds: [], doSample: false, decode: () => "" }, { generationConfig })).toMatchObject({
      eosTokenIds: [],
      doSample: false,
    });
    expect(resolve({}, { generationConfig: parseGenerationConfig({ eos_token_id: 7 }) }).padTokenId).toBe(7);
    expect(resolve({}, { generationConfig: { eosTokenIds: [7], padTokenId: 128_002 } }).padTokenId).toBe(7);
  });

  it("bounds lengths as the reference does, per row without padding", () => {
    expect(resolve({ maxLength: 20 }).maxLengths).toEqual([20, 20]);
    expect(resolve({ maxLength: 20, maxNewTokens: 5 }).maxLengths).toEqual([15, 9]);
    expect(resolve({ maxNewTokens: 90 }).maxLengths).toEqual([100, 94]);
    // What nobody asked for is cut to the context.
    expect(resolve({}, { contextLength: 15 }).maxLengths).toEqual([15, 15]);
    expect(resolve({}, { generationConfig: { maxNewTokens: 5000 } }).maxLengths).toEqual([100, 100]);
  });

  it("refuses what does not fit in the context before anything runs", () => {
    expect(failure({ maxNewTokens: 91 })).toMatchObject({
      row: 0,
      promptLength: 10,
      maxNewTokens: 91,
      contextLength: 100,
    });
    expect(PromptTooLongError.isInstance(failure({ maxNewTokens: 91 }))).toBe(true);
    expect(failure({ maxLength: 101 })).toMatchObject({ argument: "maxLength", found: "101" });
    expect(failure({ maxLength: 10 })).toMatchObject({ argument: "maxLength", found: "10" });
    expect(failure({}, { promptLengths: [3, 100] })).toMatchObject({ row: 1, promptLength: 100 });
    expect(failure({}, { promptLengths: [0] })).toMatchObject({ argument: "inputIds", found: "none" });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ temperature: 0 }, "a number above 0 (for greedy decoding leave doSample off instead)"],
    [{ temperature: NaN }, "a number above 0 (for greedy decoding leave doSample off instead)"],
    [{ temperature: "1" }, "a number above 0 (for greedy decoding leave doSample off instead)"],
    [{ topK: -1 }, "an integer of at least 0"],
    [{ topK: 1.5 }, "an integer of at least 0"],
    [{ topP: 1.1 }, "a number from 0 to 1"],
    [{ minP: -0.1 }, "a number from 0 to 1"],
    [{ typicalP: 0 }, "a number above 0, at most 1"],
    [{ topH: 2 }, "a number above 0, at most 1"],
    [{ epsilonCutoff: 1 }, "a number from 0 to 1, 1 excluded"],
    [{ repetitionPenalty: 0 }, "a number above 0"],
    [{ noRepeatNgramSize: -2 }, "an integer of at least 0"],
    [{ maxNewTokens: 0 }, "an integer of at least 1"],
    [{ maxTime: 0 }, "a number above 0 (seconds)"],
    [{ doSample: 1 }, "true or false"],
    [{ seed: -1 }, "an integer of at least 0, or one for each row"],
    [{ eosTokenIds: 3 }, "an array of token ids"],
    [{ padTokenId: 50 }, "a token id of the model's vocabulary"],
    [{ badWordsIds: [[1], []] }, "an array of arrays of token ids of the model's vocabulary, none empty"],
    [{ sequenceBias: [[[50], 1]] }, "an array of [token ids of the model's vocabulary, number]"],
    [{ forcedEosTokenId: [] }, "a token id of the model's vocabulary, or an array of them"],
    [{ exponentialDecayLengthPenalty: [1] }, "[new tokens, an integer of at least 0; factor, a number above 0]"],
    [{ stopStrings: ["a", ""] }, "a string that is not empty, or an array of them"],
    [{ signal: {} }, "an AbortSignal"],
    [{ onToken: "log" }, "a function"],
    [{ logitsProcessor: [1] }, "an array of functions"],
    [{ max_new_tokens: 5 }, "the option to be spelled maxNewTokens"],
    [{ toString: 4 }, "an option of GenerationOptions"],
    [{ numBeams: 4 }, "an option of GenerationOptions"],
  ])("refuses %o, saying what it expected", (options, expected) => {
    const [name] = Object.keys(options);
    expect(failure(options)).toMatchObject({ argument: name, expected });
  });

  it("needs what belongs together", () => {
    expect(failure({ stopStrings: "x" })).toMatchObject({ argument: "decode", found: "none" });
    expect(failure({ doSample: true, seed: [1] })).toMatchObject({
      argument: "seed",
      expected: "one seed for each of 2 rows",
    });
  });

  it("ignores a checkpoint's sampling options beside greedy decoding, however wrong, and checks them when they count", () => {
    const generationConfig = { temperature: 0, topP: 0.9 };
    expect(resolve({}, { generationConfig }).doSample).toBe(false);
    expect(failure({ doSample: true }, { generationConfig })).toMatchObject({ argument: "temperature", found: "0" });
    expect(resolve({ doSample: true, temperature: 0.5 }, { generationConfig }).temperature).toBe(0.5);
  });
});
