import { ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import * as v from "valibot";
import type { AddedToken } from "./added-token.js";
import { check, fieldError, type Place } from "./check.js";
import { fields, flag, list, optional, text, tokenId } from "./fields.js";
import { decodeText, parseJson, readBytes } from "./json-file.js";
import { isJsonObject } from "./json-object.js";
import { MAX_ADDED_TOKENS, MAX_TOKENIZER_BYTES, MAX_TOKEN_LENGTH, MAX_VOCABULARY } from "./limits.js";

/** One step that cuts text into the pieces that byte pair encoding works on. */
export type PreTokenizerStep =
  | { readonly type: "Digits"; readonly individualDigits: boolean }
  | { readonly type: "ByteLevel"; readonly addPrefixSpace: boolean; readonly useRegex: boolean };

/** What `tokenizer.json` says of a byte-level byte pair encoding, the only kind of tokenizer these models have. */
export interface TokenizerJson {
  /** By ascending id. */
  readonly addedTokens: readonly AddedToken[];
  /** Token ids by token, in the alphabet that stands for bytes. */
  readonly vocabulary: Readonly<Record<string, number>>;
  /** Pairs in the order they are merged; one string with a space between, or an array of two. */
  readonly merges: readonly (string | readonly [string, string])[];
  readonly preTokenizer: readonly PreTokenizerStep[];
  readonly unkToken: string | undefined;
  readonly ignoreMerges: boolean;
  /** Tokens put before a text when special tokens are asked for. */
  readonly prefixTokens: readonly string[];
  /** Tokens put after a text when special tokens are asked for. */
  readonly suffixTokens: readonly string[];
}

const none = optional(v.unknown());
const typed = fields({ type: optional(text()) });

const schema = fields({
  added_tokens: optional(
    list(
      fields({
        id: tokenId(),
        content: v.pipe(
          text(),
          v.minLength(1, "a string that is not empty"),
          v.maxLength(MAX_TOKEN_LENGTH, `at most ${MAX_TOKEN_LENGTH} characters`),
        ),
        special: v.nullish(flag(), false),
        lstrip: v.nullish(flag(), false),
        rstrip: v.nullish(flag(), false),
        single_word: v.nullish(flag(), false),
        normalized: v.nullish(flag()),
      }),
      MAX_ADDED_TOKENS,
      "tokens",
    ),
  ),
  normalizer: none,
  pre_tokenizer: none,
  post_processor: none,
  decoder: none,
  model: fields({
    type: optional(text()),
    vocab: v.custom<Record<string, number>>(isVocabulary, `an object of token ids below ${MAX_VOCABULARY}`),
    merges: v.custom<(string | [string, string])[]>(isMerges, "an array of pairs of tokens"),
    unk_token: optional(text()),
    dropout: optional(v.number("a number")),
    continuing_subword_prefix: optional(text()),
    end_of_word_suffix: optional(text()),
    byte_fallback: v.nullish(flag(), false),
    ignore_merges: v.nullish(flag(), false),
  }),
});

// The two large fields are checked by plain loops: a schema library takes seconds for what these do in milliseconds.
function isVocabulary(json: unknown): boolean {
  if (!isJsonObject(json)) return false;
  for (const token in json) {
    const id = json[token] as number;
    if (!(Number.isInteger(id) && id >= 0 && id < MAX_VOCABULARY)) return false;
  }
  return true;
}

function isMerges(json: unknown): boolean {
  if (!Array.isArray(json) || json.length > MAX_VOCABULARY) return false;
  const isPair = (merge: unknown) =>
    Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === "string");
  return json.every((merge: unknown) => (typeof merge === "string" ? merge.includes(" ", 1) : isPair(merge)));
}

/**
 * The tokenizer from the value of `tokenizer.json`.
 *
 * @throws ConfigError for a wrong field, and for what is not supported: models other than BPE, normalizers, decoders other than
 * `ByteLevel`, pre-tokenizers other than `Digits` and `ByteLevel`, post-processors other than `TemplateProcessing` and `ByteLevel`.
 */
export function parseTokenizerJson(json: unknown, file = "tokenizer.json"): TokenizerJson {
  const place: Place = { file, at: "" };
  const raw = check(schema, json, place);
  const { model } = raw;
  const refuse = (field: string, expected: string, found: unknown): never => {
    throw fieldError(place, field, expected, found);
  };
  // Files from before 2021 do not name the model's type.
  if (model.type !== undefined && model.type !== "BPE")
    refuse("model.type", '"BPE" (the only model supported)', model.type);
  if (model.dropout !== undefined && model.dropout !== 0)
    refuse("model.dropout", "null (dropout makes ids random)", model.dropout);
  if (model.byte_fallback) refuse("model.byte_fallback", "false (not supported)", true);
  for (const field of ["continuing_subword_prefix", "end_of_word_suffix"] as const) {
    if (model[field] !== undefined && model[field] !== "")
      refuse(`model.${field}`, "null (not supported)", model[field]);
  }
  if (raw.normalizer !== undefined) refuse("normalizer", "null (normalizers are not supported)", raw.normalizer);
  const decoder = check(optional(typed), raw.decoder, { file, at: "decoder" })?.type;
  if (decoder !== "ByteLevel") refuse("decoder.type", '"ByteLevel" (the only decoder supported)', decoder);

  const tokens = (raw.added_tokens ?? []).map(({ single_word: singleWord, normalized, ...token }) => {
    // The reference treats a token that is not special as one of normalised text unless the file says otherwise.
    return { ...token, singleWord, normalized: normalized ?? !token.special };
  });
  return {
    addedTokens: tokens.sort((a, b) => a.id - b.id),
    vocabulary: model.vocab,
    merges: model.merges,
    preTokenizer: preTokenizerSteps(raw.pre_tokenizer, place),
    unkToken: model.unk_token,
    ignoreMerges: model.ignore_merges,
    ...templateTokens(raw.post_processor, place),
  };
}

const stepFields = fields({
  type: optional(text()),
  individual_digits: v.nullish(flag(), false),
  add_prefix_space: v.nullish(flag(), true),
  use_regex: v.nullish(flag(), true),
});
const sequenceFields = fields({ pretokenizers: list(v.unknown(), 16, "pre-tokenizers") });

function preTokenizerSteps(json: unknown, place: Place): readonly PreTokenizerStep[] {
  const at = { ...place, at: "pre_tokenizer" };
  if (check(optional(typed), json, at)?.type !== "Sequence") return [preTokenizerStep(json, at)];
  const { pretokenizers } = check(sequenceFields, json, at);
  return pretokenizers.map((step, i) => preTokenizerStep(step, { ...place, at: `pre_tokenizer.pretokenizers[${i}]` }));
}

function preTokenizerStep(json: unknown, place: Place): PreTokenizerStep {
  const raw = check(stepFields, json ?? {}, place);
  if (raw.type === "Digits") return { type: "Digits", individualDigits: raw.individual_digits };
  if (raw.type === "ByteLevel")
    return { type: "ByteLevel", addPrefixSpace: raw.add_prefix_space, useRegex: raw.use_regex };
  throw fieldError(
    place,
    "type",
    '"Digits" or "ByteLevel" (the only pre-tokenizers supported), or a "Sequence" of them',
    raw.type,
  );
}

const piece = fields({ Sequence: optional(fields({ id: text() })), SpecialToken: optional(fields({ id: text() })) });
const templateFields = fields({ single: list(piece, 64, "pieces") });

/** Only the template for one text matters: these models never take pairs. */
function templateTokens(
  json: unknown,
  place: Place,
): { readonly prefixTokens: readonly string[]; readonly suffixTokens: readonly string[] } {
  const at = { ...place, at: "post_processor" };
  const type = check(optional(typed), json, at)?.type;
  if (json === undefined || type === "ByteLevel") return { prefixTokens: [], suffixTokens: [] };
  if (type !== "TemplateProcessing") {
    throw fieldError(at, "type", '"TemplateProcessing" or "ByteLevel" (the only post-processors supported)', type);
  }
  const { single } = check(templateFields, json, at);
  const text = single.findIndex((entry) => entry.Sequence !== undefined);
  if (text < 0) throw fieldError(at, "single", "a template with the text in it", single);
  const tokensOf = (pieces: typeof single) =>
    pieces.flatMap((entry) => (entry.SpecialToken === undefined ? [] : [entry.SpecialToken.id]));
  return { prefixTokens: tokensOf(single.slice(0, text)), suffixTokens: tokensOf(single.slice(text + 1)) };
}

/**
 * The tokenizer, from `tokenizer.json`.
 *
 * @throws ModelFileError when the file is missing or unreadable, ConfigError when a field is wrong.
 */
export async function readTokenizerJson(files: ModelFiles, options: ReadOptions = {}): Promise<TokenizerJson> {
  return (await openTokenizerJson(files, options))();
}

/**
 * Reads `tokenizer.json`. What it gives parses and checks it, which takes the thread a tenth of a second, at a time of the caller's choice.
 *
 * @throws ModelFileError when the file is missing or unreadable; what it gives throws ModelFileError when it is not JSON in
 * UTF-8, ConfigError when a field is wrong.
 */
export async function openTokenizerJson(files: ModelFiles, options: ReadOptions = {}): Promise<() => TokenizerJson> {
  const file = "tokenizer.json";
  const bytes = await readBytes(files, file, { ...options, maxBytes: MAX_TOKENIZER_BYTES });
  if (bytes === undefined) {
    throw new ModelFileError(
      file,
      `${files.id} does not have it; save the tokenizer with transformers' save_pretrained.`,
    );
  }
  return () => parseTokenizerJson(parseJson(decodeText(bytes, file), file));
}
