import type { GenerationSettings } from "../generation-settings.js";
import type { LogitsProcessor } from "./logits-processor.js";
import type * as allProcessors from "./processors.js";

/** A processor and the option that asks for it. */
export interface RequestedProcessor {
  readonly option: keyof GenerationSettings;
  readonly process: LogitsProcessor;
}

type Processors = typeof allProcessors;
type Create = (processors: Processors) => LogitsProcessor;

/**
 * The processors that the settings ask for, in the order of the reference (transformers 5.17, `_get_logits_processor`). An option whose
 * value changes nothing adds no processor.
 */
export async function createLogitsProcessors(
  settings: GenerationSettings,
  vocabSize: number,
): Promise<readonly RequestedProcessor[]> {
  const { eosTokenIds } = settings;
  const wanted: { readonly option: keyof GenerationSettings; readonly create: Create }[] = [];
  /** Wants the processor of `option`, if that is set and not the value that changes nothing. */
  function add<Name extends keyof GenerationSettings>(
    option: Name,
    create: (processors: Processors, value: NonNullable<GenerationSettings[Name]>) => LogitsProcessor,
    neutral?: GenerationSettings[Name],
  ): void {
    const value = settings[option];
    if (value === undefined || value === null || value === neutral) return;
    wanted.push({ option, create: (processors) => create(processors, value) });
  }

  add("sequenceBias", (p, biases) => p.sequenceBias(biases));
  add("repetitionPenalty", (p, penalty) => p.repetitionPenalty(penalty, vocabSize), 1);
  add("noRepeatNgramSize", (p, size) => p.noRepeatNgram(size), 0);
  add("badWordsIds", (p, sequences) => p.badWords(sequences, eosTokenIds));
  // Where the number of new tokens is bounded, the bound on all tokens is not looked at, as in the reference.
  if (settings.minNewTokens === undefined) add("minLength", (p, length) => p.minLength(length, eosTokenIds), 0);
  add("minNewTokens", (p, count) => p.minNewTokens(count, eosTokenIds), 0);
  add("prefixAllowedTokensFn", (p, allowed) => p.prefixConstrained(allowed, vocabSize));
  add("forcedBosTokenId", (p, token) => p.forcedBosToken(token));
  add("forcedEosTokenId", (p, tokens) => p.forcedEosToken(typeof tokens === "number" ? [tokens] : tokens));
  add("removeInvalidValues", (p) => p.infNanRemove, false);
  add("exponentialDecayLengthPenalty", (p, [start, factor]) => {
    return p.exponentialDecayLengthPenalty(start, factor, eosTokenIds);
  });
  add("suppressTokens", (p, tokens) => p.suppressTokens(tokens));
  const hasForcedBos = settings.forcedBosTokenId !== undefined;
  add("beginSuppressTokens", (p, tokens) => p.suppressTokensAtBegin(tokens, hasForcedBos));
  for (const process of settings.logitsProcessor ?? [])
    wanted.push({ option: "logitsProcessor", create: () => process });

  if (settings.doSample) {
    add("temperature", (p, temperature) => p.temperature(temperature), 1);
    add("topH", (p, h) => p.topH(h, vocabSize));
    add("topK", (p, k) => p.topK(k, vocabSize), 0);
    add("topP", (p, mass) => p.topP(mass, vocabSize), 1);
    add("minP", (p, least) => p.minP(least));
    add("typicalP", (p, mass) => p.typicalP(mass, vocabSize), 1);
    add("epsilonCutoff", (p, epsilon) => p.epsilonCutoff(epsilon), 0);
    add("etaCutoff", (p, epsilon) => p.etaCutoff(epsilon), 0);
  }
  add("renormalizeLogits", (p) => p.logNormalization, false);

  if (wanted.length === 0) return [];
  const processors = await import("./processors.js");
  return wanted.map(({ option, create }) => ({ option, process: create(processors) }));
}
