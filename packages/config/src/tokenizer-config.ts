import type { ModelFiles, ReadOptions } from "@smolvlm/contracts";
import * as v from "valibot";
import type { AddedToken } from "./added-token.js";
import { check } from "./check.js";
import { fields, flag, list, optional, positive, record, text, tokenId } from "./fields.js";
import { readJsonFile } from "./json-file.js";
import { MAX_ADDED_TOKENS } from "./limits.js";

/** What the tokenizer's files beside `tokenizer.json` say. */
export interface TokenizerConfig {
  readonly bosToken: string | undefined;
  readonly eosToken: string | undefined;
  readonly padToken: string | undefined;
  readonly unkToken: string | undefined;
  /** Special tokens without a role of their own. */
  readonly additionalSpecialTokens: readonly string[];
  /** `<image>` in all published files. */
  readonly imageToken: string;
  /** `<fake_token_around_image>` in all published files. */
  readonly fakeImageToken: string;
  /** `<global-img>` in all published files. */
  readonly globalImageToken: string;
  /** `<end_of_utterance>` in all published files. */
  readonly endOfUtteranceToken: string;
  /** `<video>`; plain text in all published vocabularies. */
  readonly videoToken: string;
  /** Context length that truncation uses; undefined where the file says "no limit". */
  readonly modelMaxLength: number | undefined;
  /** The side padding goes to unless the caller says; `right` where the file says nothing. */
  readonly paddingSide: "left" | "right";
  readonly truncationSide: "left" | "right";
  readonly cleanUpTokenizationSpaces: boolean;
  /** Tokens that older files list outside `tokenizer.json`, by ascending id. */
  readonly addedTokens: readonly AddedToken[];
}

const addedTokenFields = {
  content: text(),
  lstrip: v.nullish(flag(), false),
  rstrip: v.nullish(flag(), false),
  single_word: v.nullish(flag(), false),
  normalized: v.nullish(flag(), false),
};

const expectedToken = 'a string, or an object with "content"';
const tokenText = v.pipe(
  v.union([text(), fields({ content: text() })], expectedToken),
  v.transform((token) => (typeof token === "string" ? token : token.content)),
);
// An empty token names nothing: it would be found everywhere in a text.
const tokenName = v.pipe(
  optional(tokenText),
  v.transform((token) => (token === "" ? undefined : token)),
);
const namedTokens = record(v.unknown());
const side = optional(v.picklist(["left", "right"], '"left" or "right"'));

const tokensSchema = fields({
  bos_token: tokenName,
  eos_token: tokenName,
  pad_token: tokenName,
  unk_token: tokenName,
  image_token: tokenName,
  fake_image_token: tokenName,
  global_image_token: tokenName,
  end_of_utterance_token: tokenName,
  video_token: tokenName,
  additional_special_tokens: optional(list(tokenText, MAX_ADDED_TOKENS, "tokens")),
  // transformers 4 writes an object of named tokens here, transformers 5 an array of the nameless ones.
  extra_special_tokens: optional(
    v.union(
      [namedTokens, list(tokenText, MAX_ADDED_TOKENS, "tokens")],
      "an object of named tokens, or an array of tokens",
    ),
  ),
  model_specific_special_tokens: optional(namedTokens),
});

const configSchema = fields({
  model_max_length: optional(positive()),
  padding_side: side,
  truncation_side: side,
  clean_up_tokenization_spaces: optional(flag()),
  added_tokens_decoder: optional(
    v.pipe(
      record(fields({ ...addedTokenFields, special: v.nullish(flag(), false) })),
      v.check((tokens) => Object.keys(tokens).every((id) => /^\d{1,7}$/.test(id)), "token ids as the keys"),
    ),
  ),
});

const addedTokensSchema = record(tokenId());

/** Files beside `tokenizer_config.json` that older checkpoints have. */
export interface TokenizerSideFiles {
  /** The value of `special_tokens_map.json`. */
  readonly specialTokensMap?: unknown;
  /** The value of `added_tokens.json`. */
  readonly addedTokens?: unknown;
}

/**
 * The tokenizer's configuration from the value of `tokenizer_config.json` and of the files that older checkpoints have beside it. As in
 * the reference, `special_tokens_map.json` counts only where the configuration has no `added_tokens_decoder`: the published v1 files
 * contradict each other, and the configuration is right.
 *
 * @throws ConfigError naming the file, the field, what was expected and what was found.
 */
export function parseTokenizerConfig(
  json: unknown,
  file = "tokenizer_config.json",
  side: TokenizerSideFiles = {},
): TokenizerConfig {
  const place = { file, at: "" };
  const raw = check(configSchema, json, place);
  const own = check(tokensSchema, json, place);
  const decoder = raw.added_tokens_decoder;
  const mapFile = { file: "special_tokens_map.json", at: "" };
  const map = decoder === undefined ? check(tokensSchema, side.specialTokensMap ?? {}, mapFile) : undefined;

  const extra = own.extra_special_tokens;
  const nested = { ...(Array.isArray(extra) ? {} : extra), ...own.model_specific_special_tokens };
  const named = check(tokensSchema, nested, { file, at: "extra_special_tokens" });
  const token = (name: RoleName) => map?.[name] ?? own[name] ?? named[name];

  const additionalSpecialTokens = [
    ...(map?.additional_special_tokens ?? own.additional_special_tokens ?? []),
    ...(Array.isArray(extra) ? extra : []),
  ];
  const config = {
    bosToken: token("bos_token"),
    eosToken: token("eos_token"),
    padToken: token("pad_token"),
    unkToken: token("unk_token"),
    additionalSpecialTokens,
    imageToken: token("image_token") ?? "<image>",
    fakeImageToken: token("fake_image_token") ?? "<fake_token_around_image>",
    globalImageToken: token("global_image_token") ?? "<global-img>",
    endOfUtteranceToken: token("end_of_utterance_token") ?? "<end_of_utterance>",
    videoToken: token("video_token") ?? "<video>",
  };
  const maxLength = raw.model_max_length;
  return {
    ...config,
    // transformers writes int(1e30) for "no limit".
    modelMaxLength: maxLength === undefined || maxLength > Number.MAX_SAFE_INTEGER ? undefined : Math.floor(maxLength),
    paddingSide: raw.padding_side ?? "right",
    truncationSide: raw.truncation_side ?? "right",
    cleanUpTokenizationSpaces: raw.clean_up_tokenization_spaces ?? false,
    addedTokens: decoder === undefined ? legacyAddedTokens(side.addedTokens, config) : decoderTokens(decoder),
  };
}

type RoleName =
  | "bos_token"
  | "eos_token"
  | "pad_token"
  | "unk_token"
  | "image_token"
  | "fake_image_token"
  | "global_image_token"
  | "end_of_utterance_token"
  | "video_token";

type RawDecoder = NonNullable<v.InferOutput<typeof configSchema>["added_tokens_decoder"]>;

function decoderTokens(decoder: RawDecoder): readonly AddedToken[] {
  const tokens = Object.entries(decoder).map(([id, { single_word: singleWord, ...token }]) => ({
    id: Number(id),
    ...token,
    singleWord,
  }));
  return tokens.sort((a, b) => a.id - b.id);
}

/** `added_tokens.json` gives ids only; the reference matches these tokens as they are, and as special where a role names them. */
function legacyAddedTokens(
  json: unknown,
  roles: Readonly<Record<string, string | readonly string[] | undefined>>,
): readonly AddedToken[] {
  if (json === undefined) return [];
  const special = new Set(Object.values(roles).flat());
  const raw = check(addedTokensSchema, json, { file: "added_tokens.json", at: "" });
  const plain = { lstrip: false, rstrip: false, singleWord: false, normalized: false };
  const tokens = Object.entries(raw).map(([content, id]) => ({ id, content, special: special.has(content), ...plain }));
  return tokens.sort((a, b) => a.id - b.id);
}

/**
 * The tokenizer's configuration, from `tokenizer_config.json` and, where the checkpoint has them, `special_tokens_map.json` and
 * `added_tokens.json`. A checkpoint without any of them has the defaults of the published ones.
 *
 * @throws ModelFileError when a file is unreadable, ConfigError when a field is wrong.
 */
export async function readTokenizerConfig(files: ModelFiles, options?: ReadOptions): Promise<TokenizerConfig> {
  const json = (await readJsonFile(files, "tokenizer_config.json", options)) ?? {};
  const specialTokensMap = await readJsonFile(files, "special_tokens_map.json", options);
  const addedTokens = await readJsonFile(files, "added_tokens.json", options);
  return parseTokenizerConfig(json, "tokenizer_config.json", { specialTokensMap, addedTokens });
}
