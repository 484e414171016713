import type { GenerationSettings } from "../generation-settings.js";
import { badWords } from "./bad-words.js";
import { epsilonCutoff } from "./epsilon-cutoff.js";
import { etaCutoff } from "./eta-cutoff.js";
import { exponentialDecayLengthPenalty } from "./exponential-decay-length-penalty.js";
import { forcedBosToken } from "./forced-bos-token.js";
import { forcedEosToken } from "./forced-eos-token.js";
import { infNanRemove } from "./inf-nan-remove.js";
import { logNormalization } from "./log-normalization.js";
import type { LogitsProcessor } from "./logits-processor.js";
import { minLength } from "./min-length.js";
import { minNewTokens } from "./min-new-tokens.js";
import { minP } from "./min-p.js";
import { noRepeatNgram } from "./no-repeat-ngram.js";
import { prefixConstrained } from "./prefix-constrained.js";
import { repetitionPenalty } from "./repetition-penalty.js";
import { sequenceBias } from "./sequence-bias.js";
import { suppressTokensAtBegin } from "./suppress-tokens-at-begin.js";
import { suppressTokens } from "./suppress-tokens.js";
import { temperature } from "./temperature.js";
import { topH } from "./top-h.js";
import { topK } from "./top-k.js";
import { topP } from "./top-p.js";
import { typicalP } from "./typical-p.js";

/** A processor and the option that asks for it. */
export interface RequestedProcessor {
  readonly option: keyof GenerationSettings;
  readonly process: LogitsProcessor;
}

/**
 * The processors that the settings ask for, in the order of the reference (transformers 5.17, `_get_logits_processor`). An option whose
 * value changes nothing adds no processor.
 */
export function createLogitsProcessors(settings: GenerationSettings, vocabSize: number): RequestedProcessor[] {
  const { eosTokenIds } = settings;
  const requested: RequestedProcessor[] = [];
  /** Adds the processor of `option`, if it is set and not the value that changes nothing. */
  const add = <Name extends keyof GenerationSettings>(
    option: Name,
    create: (value: NonNullable<GenerationSettings[Name]>) => LogitsProcessor,
    neutral?: GenerationSettings[Name],
  ): void => {
    const value = settings[option];
    if (value !== undefined && value !== null && value !== neutral) requested.push({ option, process: create(value) });
  };

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
    add("temperature", temperature, 1);
    add("topH", (h) => topH(h, vocabSize));
    add("topK", (k) => topK(k, vocabSize), 0);
    add("topP", (p) => topP(p, vocabSize), 1);
    add("minP", minP);
    add("typicalP", (mass) => typicalP(mass, vocabSize), 1);
    add("epsilonCutoff", epsilonCutoff, 0);
    add("etaCutoff", etaCutoff, 0);
  }
  add("renormalizeLogits", () => logNormalization, false);
  return requested;
}
