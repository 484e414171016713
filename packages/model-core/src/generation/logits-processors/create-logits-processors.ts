import type { GenerationSettings } from "../generation-settings.js";
import { badWords } from "./bad-words.js";
import { exponentialDecayLengthPenalty } from "./exponential-decay-length-penalty.js";
import { forcedBosToken } from "./forced-bos-token.js";
import { forcedEosToken } from "./forced-eos-token.js";
import { infNanRemove } from "./inf-nan-remove.js";
import { logNormalization } from "./log-normalization.js";
import { minLength } from "./min-length.js";
import { minNewTokens } from "./min-new-tokens.js";
import { noRepeatNgram } from "./no-repeat-ngram.js";
import { processorList, type RequestedProcessor } from "./processor-list.js";
import { prefixConstrained } from "./prefix-constrained.js";
import { repetitionPenalty } from "./repetition-penalty.js";
import { sequenceBias } from "./sequence-bias.js";
import { suppressTokensAtBegin } from "./suppress-tokens-at-begin.js";
import { suppressTokens } from "./suppress-tokens.js";

/**
 * The processors that the settings ask for, in the order of the reference (transformers 5.17, `_get_logits_processor`). An option whose
 * value changes nothing adds no processor. Those that only sampling has are loaded when it is asked for.
 */
export async function createLogitsProcessors(
  settings: GenerationSettings,
  vocabSize: number,
): Promise<readonly RequestedProcessor[]> {
  const { eosTokenIds } = settings;
  const { requested, add } = processorList(settings);

  add("sequenceBias", sequenceBias);
  add("repetitionPenalty", (penalty) => repetitionPenalty(penalty, vocabSize), 1);
  add("noRepeatNgramSize", noRepeatNgram, 0);
  add("badWordsIds", (sequences) => badWords(sequences, eosTokenIds));
  // Where the number of new tokens is bounded, the bound on all tokens is not looked at, as in the reference.
  if (settings.minNewTokens === undefined) add("minLength", (length) => minLength(length, eosTokenIds), 0);
  add("minNewTokens", (count) => minNewTokens(count, eosTokenIds), 0);
  add("prefixAllowedTokensFn", (allowed) => prefixConstrained(allowed, vocabSize));
  add("forcedBosTokenId", forcedBosToken);
  add("forcedEosTokenId", (tokens) => forcedEosToken(typeof tokens === "number" ? [tokens] : tokens));
  add("removeInvalidValues", () => infNanRemove, false);
  add("exponentialDecayLengthPenalty", ([start, factor]) => exponentialDecayLengthPenalty(start, factor, eosTokenIds));
  add("suppressTokens", suppressTokens);
  const hasForcedBos = settings.forcedBosTokenId !== undefined;
  add("beginSuppressTokens", (tokens) => suppressTokensAtBegin(tokens, hasForcedBos));
  for (const process of settings.logitsProcessor ?? []) requested.push({ option: "logitsProcessor", process });

  if (settings.doSample) {
    const { addSamplingProcessors } = await import("./sampling-processors.js");
    addSamplingProcessors(add, vocabSize);
  }
  add("renormalizeLogits", () => logNormalization, false);
  return requested;
}
