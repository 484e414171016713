import type { GenerationConfig } from "@smolvlm/config";
import { InvalidArgumentError } from "@smolvlm/contracts";
import { PromptTooLongError } from "../inference/prompt-too-long-error.js";
import { checkGenerationOptions } from "./generation-option-rules.js";
import type { GenerationOptions } from "./generation-options.js";
import type { GenerationSettings } from "./generation-settings.js";

/** The reference's length of an answer when nobody says one (`GenerationConfig.max_length` 20, added to the prompt). */
const DEFAULT_NEW_TOKENS = 20;
/** The reference's `top_k` when tokens are drawn at random and nobody says one. */
const DEFAULT_TOP_K = 50;

/** What generation options are resolved against. */
export interface ResolveGenerationInit {
  /** Options of the call. */
  readonly options?: GenerationOptions | undefined;
  /** The checkpoint's, for what the call leaves out. */
  readonly generationConfig?: Partial<GenerationConfig> | undefined;
  /** Tokens of each row's prompt, without padding. */
  readonly promptLengths: readonly number[];
  /** Positions that the model can hold. */
  readonly contextLength: number;
  readonly vocabSize: number;
}

/**
 * Merges the options of a call with those of the checkpoint and the defaults, and checks everything that can be checked before the model
 * runs. Call it before prefill: `maxTime` counts from here.
 *
 * Lengths: `maxNewTokens`, from the call or the checkpoint, else `maxLength`, else 20 new tokens. What the call asks for must fit in the
 * context; what the checkpoint or the default says is cut to it.
 *
 * @throws InvalidArgumentError when an option is wrong; PromptTooLongError when prompt and answer do not fit in the context.
 */
export function resolveGenerationOptions(init: ResolveGenerationInit): GenerationSettings {
  const { generationConfig = {}, promptLengths, vocabSize } = init;
  const options = init.options ?? {};
  const merged = mergeOptions(options, generationConfig, vocabSize);
  checkGenerationOptions(merged, options, vocabSize);

  const doSample = merged.doSample ?? false;
  const stopStrings = typeof merged.stopStrings === "string" ? [merged.stopStrings] : (merged.stopStrings ?? []);
  if (stopStrings.length > 0 && merged.decode === undefined) {
    throw new InvalidArgumentError({
      argument: "decode",
      expected: "a function from token ids to text, since there are stopStrings",
      found: "none",
    });
  }
  const eosTokenIds = merged.eosTokenIds ?? [];
  return {
    ...merged,
    doSample,
    topK: merged.topK ?? DEFAULT_TOP_K,
    eosTokenIds,
    padTokenId: merged.padTokenId ?? eosTokenIds[0] ?? 0,
    stopStrings,
    maxLengths: promptLengths.map((length, row) => maxLengthOfRow(length, row, merged, options, init.contextLength)),
    seeds: doSample ? seedsOfRows(options.seed, promptLengths.length) : [],
    startTime: performance.now(),
  };
}

/**
 * The checkpoint's options, overridden by those of the call that are not undefined. A wish for beam search is not fulfilled, and a
 * padding token outside the vocabulary is as good as none: checkpoints have inherited 128002 from a default of the reference.
 */
function mergeOptions(
  options: GenerationOptions,
  config: Partial<GenerationConfig>,
  vocabSize: number,
): GenerationOptions {
  const { bosTokenId: _bos, numBeams: _beams, padTokenId, ...defaults } = config;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const usablePad = padTokenId !== undefined && padTokenId < vocabSize ? padTokenId : undefined;
  return { ...defaults, padTokenId: usablePad, ...Object.fromEntries(given) };
}

function maxLengthOfRow(
  promptLength: number,
  row: number,
  merged: GenerationOptions,
  call: GenerationOptions,
  contextLength: number,
): number {
  const { maxLength } = merged;
  if (promptLength < 1) {
    throw new InvalidArgumentError({
      argument: "inputIds",
      expected: `at least one token in row ${row}`,
      found: "none",
    });
  }
  // What nobody asked for in this call may be cut, but not to nothing.
  const needed = call.maxNewTokens ?? 1;
  if (promptLength + needed > contextLength) {
    throw new PromptTooLongError({ row, promptLength, maxNewTokens: needed, contextLength });
  }
  if (merged.maxNewTokens !== undefined) return Math.min(promptLength + merged.maxNewTokens, contextLength);
  if (maxLength === undefined) return Math.min(promptLength + DEFAULT_NEW_TOKENS, contextLength);
  if (maxLength <= promptLength) {
    throw new InvalidArgumentError({
      argument: "maxLength",
      expected: `more than the ${promptLength} tokens of row ${row}'s prompt (or set maxNewTokens)`,
      found: `${maxLength}`,
    });
  }
  if (call.maxLength !== undefined && maxLength > contextLength) {
    throw new InvalidArgumentError({
      argument: "maxLength",
      expected: `at most ${contextLength}, the model's context length`,
      found: `${maxLength}`,
    });
  }
  return Math.min(maxLength, contextLength);
}

function seedsOfRows(seed: number | readonly number[] | undefined, rows: number): readonly number[] {
  if (typeof seed === "number") return new Array<number>(rows).fill(seed);
  if (seed === undefined) return Array.from(crypto.getRandomValues(new Uint32Array(rows)));
  if (seed.length !== rows) {
    throw new InvalidArgumentError({
      argument: "seed",
      expected: `one seed for each of ${rows} rows`,
      found: `${seed.length}`,
    });
  }
  return seed;
}
