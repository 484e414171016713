import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { GenerationOptions } from "../generation-options.js";
import { resolveGenerationOptions } from "../resolve-generation-options.js";
import { createLogitsProcessors } from "./create-logits-processors.js";

const file = new URL("../../../../../fixtures/generation/loops.json", import.meta.url);
const { processor_order: order } = JSON.parse(readFileSync(file, "utf8")) as {
  processor_order: Record<"greedy" | "sampling", string[]>;
};

/** The option that asks for each class of the reference. */
const optionOf: Readonly<Record<string, keyof GenerationOptions>> = {
  SequenceBiasLogitsProcessor: "sequenceBias",
  RepetitionPenaltyLogitsProcessor: "repetitionPenalty",
  NoRepeatNGramLogitsProcessor: "noRepeatNgramSize",
  NoBadWordsLogitsProcessor: "badWordsIds",
  MinLengthLogitsProcessor: "minLength",
  MinNewTokensLengthLogitsProcessor: "minNewTokens",
  PrefixConstrainedLogitsProcessor: "prefixAllowedTokensFn",
  ForcedBOSTokenLogitsProcessor: "forcedBosTokenId",
  ForcedEOSTokenLogitsProcessor: "forcedEosTokenId",
  InfNanRemoveLogitsProcessor: "removeInvalidValues",
  ExponentialDecayLengthPenalty: "exponentialDecayLengthPenalty",
  SuppressTokensLogitsProcessor: "suppressTokens",
  SuppressTokensAtBeginLogitsProcessor: "beginSuppressTokens",
  TemperatureLogitsWarper: "temperature",
  TopHLogitsWarper: "topH",
  TopKLogitsWarper: "topK",
  TopPLogitsWarper: "topP",
  MinPLogitsWarper: "minP",
  TypicalLogitsWarper: "typicalP",
  EpsilonLogitsWarper: "epsilonCutoff",
  EtaLogitsWarper: "etaCutoff",
  LogitNormalization: "renormalizeLogits",
};

const all: GenerationOptions = {
  renormalizeLogits: true,
  etaCutoff: 0.001,
  epsilonCutoff: 0.001,
  typicalP: 0.9,
  minP: 0.1,
  topP: 0.9,
  topK: 5,
  topH: 0.5,
  temperature: 0.5,
  beginSuppressTokens: [1],
  suppressTokens: [1],
  exponentialDecayLengthPenalty: [1, 1.1],
  removeInvalidValues: true,
  forcedEosTokenId: 2,
  forcedBosTokenId: 3,
  prefixAllowedTokensFn: () => [1],
  minLength: 3,
  badWordsIds: [[4, 5]],
  noRepeatNgramSize: 2,
  repetitionPenalty: 1.2,
  sequenceBias: [[[1], 1]],
  eosTokenIds: [2],
};

async function requestedOptions(options: GenerationOptions): Promise<string[]> {
  const settings = resolveGenerationOptions({ options, promptLengths: [2], contextLength: 100, vocabSize: 10 });
  return (await createLogitsProcessors(settings, 10)).map(({ option }) => option);
}

describe("createLogitsProcessors", () => {
  it.each(["greedy", "sampling"] as const)("has the order of the reference (%s)", async (mode) => {
    const expected = order[mode].map((name) => optionOf[name]);
    expect(expected).not.toContain(undefined);
    // The reference adds both processors of a least length to the same effect; one is enough.
    const doSample = mode === "sampling";
    expect(await requestedOptions({ ...all, doSample })).toEqual(expected.filter((name) => name !== "minNewTokens"));
    expect(await requestedOptions({ ...all, doSample, minNewTokens: 2 })).toEqual(
      expected.filter((name) => name !== "minLength"),
    );
  });

  it("puts the caller's processors before those of sampling", async () => {
    const logitsProcessor = [() => undefined];
    expect(await requestedOptions({ doSample: true, topP: 0.5, suppressTokens: [1], logitsProcessor })).toEqual([
      "suppressTokens",
      "logitsProcessor",
      "topK",
      "topP",
    ]);
  });

  it("adds nothing for values that change nothing", async () => {
    const neutral: GenerationOptions = {
      repetitionPenalty: 1,
      noRepeatNgramSize: 0,
      minLength: 0,
      minNewTokens: 0,
      removeInvalidValues: false,
      renormalizeLogits: false,
      temperature: 1,
      topK: 0,
      topP: 1,
      typicalP: 1,
      epsilonCutoff: 0,
      etaCutoff: 0,
      doSample: true,
    };
    expect(await requestedOptions(neutral)).toEqual([]);
    expect(await requestedOptions({})).toEqual([]);
    expect(await requestedOptions({ doSample: true })).toEqual(["topK"]);
  });
});
