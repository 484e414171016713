import type { ModelFiles, ReadOptions } from "@smolvlm/contracts";
import * as v from "valibot";
import { check } from "./check.js";
import { fields, flag, integer, list, optional, positive, real, text, tokenId } from "./fields.js";
import { readJsonFile } from "./json-file.js";
import { MAX_POSITIONS, MAX_STOP_TOKENS, MAX_VOCABULARY } from "./limits.js";
import { readModelConfig } from "./model-config.js";

/** What `generation_config.json` says. Fields that the file omits, or has as null, are undefined: the caller's default applies. */
export interface GenerationConfig {
  /** Tokens that end an answer; empty where there are none. */
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number | undefined;
  readonly bosTokenId: number | undefined;
  /** Most tokens, prompt included. */
  readonly maxLength: number | undefined;
  /** Most tokens of the answer. */
  readonly maxNewTokens: number | undefined;
  /** Fewest tokens, prompt included. */
  readonly minLength: number | undefined;
  /** Fewest tokens of the answer. */
  readonly minNewTokens: number | undefined;
  /** Seconds. */
  readonly maxTime: number | undefined;
  readonly stopStrings: readonly string[] | undefined;
  readonly doSample: boolean | undefined;
  readonly numBeams: number | undefined;
  readonly temperature: number | undefined;
  readonly topK: number | undefined;
  readonly topP: number | undefined;
  readonly minP: number | undefined;
  readonly typicalP: number | undefined;
  readonly epsilonCutoff: number | undefined;
  readonly etaCutoff: number | undefined;
  readonly repetitionPenalty: number | undefined;
  readonly noRepeatNgramSize: number | undefined;
  readonly badWordsIds: readonly (readonly number[])[] | undefined;
  readonly suppressTokens: readonly number[] | undefined;
  readonly beginSuppressTokens: readonly number[] | undefined;
  readonly renormalizeLogits: boolean | undefined;
}

const tokenIdOrNone = optional(integer(-1, MAX_VOCABULARY - 1));
const length = optional(integer(0, MAX_POSITIONS));
const tokenIds = list(tokenId(), MAX_STOP_TOKENS, "token ids");

const schema = fields({
  eos_token_id: optional(v.union([integer(-1, MAX_VOCABULARY - 1), tokenIds], "a token id, or an array of them")),
  pad_token_id: tokenIdOrNone,
  bos_token_id: tokenIdOrNone,
  max_length: length,
  max_new_tokens: length,
  min_length: length,
  min_new_tokens: length,
  max_time: optional(positive()),
  stop_strings: optional(v.union([text(), list(text(), MAX_STOP_TOKENS, "strings")], "a string, or an array of them")),
  do_sample: optional(flag()),
  num_beams: optional(integer(1, 1024)),
  temperature: optional(real(0, 1e6)),
  top_k: optional(integer(0, MAX_VOCABULARY)),
  top_p: optional(real(0, 1)),
  min_p: optional(real(0, 1)),
  typical_p: optional(real(0, 1)),
  epsilon_cutoff: optional(real(0, 1)),
  eta_cutoff: optional(real(0, 1)),
  repetition_penalty: optional(positive()),
  no_repeat_ngram_size: length,
  bad_words_ids: optional(list(tokenIds, MAX_STOP_TOKENS, "arrays of token ids")),
  suppress_tokens: optional(tokenIds),
  begin_suppress_tokens: optional(tokenIds),
  renormalize_logits: optional(flag()),
});

/**
 * The generation configuration from the value of `generation_config.json`.
 *
 * @throws ConfigError naming the field, what was expected and what was found.
 */
export function parseGenerationConfig(json: unknown, file = "generation_config.json"): GenerationConfig {
  const raw = check(schema, json, { file, at: "" });
  return {
    eosTokenIds: asList(raw.eos_token_id).filter((id) => id >= 0),
    padTokenId: raw.pad_token_id === -1 ? undefined : raw.pad_token_id,
    bosTokenId: raw.bos_token_id === -1 ? undefined : raw.bos_token_id,
    maxLength: raw.max_length,
    maxNewTokens: raw.max_new_tokens,
    minLength: raw.min_length,
    minNewTokens: raw.min_new_tokens,
    maxTime: raw.max_time,
    stopStrings: raw.stop_strings === undefined ? undefined : asList(raw.stop_strings),
    doSample: raw.do_sample,
    numBeams: raw.num_beams,
    temperature: raw.temperature,
    topK: raw.top_k,
    topP: raw.top_p,
    minP: raw.min_p,
    typicalP: raw.typical_p,
    epsilonCutoff: raw.epsilon_cutoff,
    etaCutoff: raw.eta_cutoff,
    repetitionPenalty: raw.repetition_penalty,
    noRepeatNgramSize: raw.no_repeat_ngram_size,
    badWordsIds: raw.bad_words_ids,
    suppressTokens: raw.suppress_tokens,
    beginSuppressTokens: raw.begin_suppress_tokens,
    renormalizeLogits: raw.renormalize_logits,
  };
}

function asList<T extends number | string>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return typeof value === "object" ? value : [value];
}

/**
 * The generation configuration, from `generation_config.json`; without that file, the token ids of the text model's configuration, as in
 * the reference.
 *
 * @throws ModelFileError when a file is unreadable or neither exists, ConfigError when a field is wrong.
 */
export async function readGenerationConfig(files: ModelFiles, options?: ReadOptions): Promise<GenerationConfig> {
  const json = await readJsonFile(files, "generation_config.json", options);
  if (json !== undefined) return parseGenerationConfig(json);
  const { textConfig } = await readModelConfig(files, options);
  return {
    ...parseGenerationConfig({}),
    eosTokenIds: asList(textConfig.eosTokenId),
    padTokenId: textConfig.padTokenId,
    bosTokenId: textConfig.bosTokenId,
  };
}
