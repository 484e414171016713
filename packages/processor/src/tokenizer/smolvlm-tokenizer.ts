import { Tokenizer } from "@huggingface/tokenizers";
import {
  readTokenizerConfig,
  readTokenizerJson,
  type AddedToken,
  type TokenizerConfig,
  type TokenizerJson,
} from "@smolvlm/config";
import { InvalidArgumentError, ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import { addedTokenSplitter, type AddedTokenSplitter } from "./added-token-splitter.js";
import { BYTE_SYMBOLS, tokenBytes } from "./byte-symbols.js";
import { cleanUpTokenization } from "./clean-up-tokenization.js";
import { preTokenizerJson } from "./pre-tokenizer-json.js";

/** Token ids as models and tensors hold them. */
export type TokenIds = readonly number[] | Int32Array | BigInt64Array;

/** Options of encoding. */
export interface EncodeOptions {
  /** Whether the tokens of the post-processor are put around the text; the published tokenizers have none. True by default. */
  readonly addSpecialTokens?: boolean | undefined;
}

/** Options of decoding. */
export interface DecodeOptions {
  /** Whether special tokens are left out. False by default, as in the reference. */
  readonly skipSpecialTokens?: boolean | undefined;
  /** Whether spaces before punctuation are removed; what the tokenizer's configuration says by default (false in all published ones). */
  readonly cleanUpTokenizationSpaces?: boolean | undefined;
}

/** Text to token ids and back, equal to the reference's tokenizer (Rust `tokenizers`) id for id. */
export class SmolVLMTokenizer {
  /** What the files beside `tokenizer.json` say. */
  readonly config: TokenizerConfig;
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly padTokenId: number | undefined;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  /** Ids that `skipSpecialTokens` leaves out. */
  readonly specialTokenIds: ReadonlySet<number>;

  readonly #library: Tokenizer;
  readonly #split: AddedTokenSplitter;
  readonly #idOf: ReadonlyMap<string, number>;
  readonly #tokenOf: readonly (string | undefined)[];
  readonly #bytesOf: (Uint8Array | undefined)[] = [];
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];

  /**
   * @throws ModelFileError when the parts contradict each other, for instance when two tokens have the same id.
   */
  constructor(json: TokenizerJson, config: TokenizerConfig) {
    this.config = config;
    const added = allAddedTokens(json, config);
    const ids = new Map<string, number>();
    const tokens: (string | undefined)[] = [];
    for (const token in json.vocabulary) {
      const id = json.vocabulary[token] as number;
      ids.set(token, id);
      tokens[id] = token;
    }
    for (const { content, id } of added) {
      ids.set(content, id);
      tokens[id] = content;
    }
    this.#idOf = ids;
    this.#tokenOf = tokens;
    this.vocabSize = tokens.length;
    this.specialTokenIds = specialIds(added, config, ids);
    this.#split = addedTokenSplitter(added);

    const idOf = (token: string | undefined) => (token === undefined ? undefined : ids.get(token));
    this.padTokenId = idOf(config.padToken);
    this.bosTokenId = idOf(config.bosToken);
    this.eosTokenId = idOf(config.eosToken);
    this.unkTokenId = idOf(config.unkToken);
    const template = (names: readonly string[]) =>
      names.map((name) => idOf(name) ?? missingToken(name, "post_processor"));
    this.#prefix = template(json.prefixTokens);
    this.#suffix = template(json.suffixTokens);
    this.#library = library(json);
  }

  /**
   * The tokenizer of a checkpoint: `tokenizer.json`, `tokenizer_config.json`, and the files older checkpoints have beside them.
   *
   * @throws ModelFileError when a file is missing or unreadable, ConfigError when a field is wrong or not supported.
   */
  static async fromPretrained(files: ModelFiles, options?: ReadOptions): Promise<SmolVLMTokenizer> {
    const [json, config] = await Promise.all([readTokenizerJson(files, options), readTokenizerConfig(files, options)]);
    return new SmolVLMTokenizer(json, config);
  }

  /**
   * Token ids of a text. Added tokens, special or not, are recognised wherever they stand in it. Lone surrogates count as U+FFFD; bytes
   * without a symbol in the vocabulary are dropped, as in the reference.
   *
   * @throws InvalidArgumentError when `text` is not a string.
   */
  encode(text: string, options: EncodeOptions = {}): number[] {
    if (typeof text !== "string")
      throw new InvalidArgumentError({ argument: "text", expected: "a string", found: typeof text });
    const special = options.addSpecialTokens ?? true;
    const ids: number[] = special ? [...this.#prefix] : [];
    for (const section of this.#split(text)) {
      if ("id" in section) ids.push(section.id);
      else for (const id of this.#library.encode(section.text, { add_special_tokens: false }).ids) ids.push(id);
    }
    if (special) ids.push(...this.#suffix);
    return ids;
  }

  /**
   * The text of token ids. Bytes that are not UTF-8 become U+FFFD; ids outside the vocabulary become nothing, as in the reference.
   */
  decode(ids: TokenIds, options: DecodeOptions = {}): string {
    const parts: Uint8Array[] = [];
    let size = 0;
    for (const given of ids) {
      const id = Number(given);
      if (options.skipSpecialTokens === true && this.specialTokenIds.has(id)) continue;
      const bytes = this.tokenBytes(id);
      parts.push(bytes);
      size += bytes.length;
    }
    const all = new Uint8Array(size);
    let offset = 0;
    for (const part of parts) {
      all.set(part, offset);
      offset += part.length;
    }
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(all);
    return (options.cleanUpTokenizationSpaces ?? this.config.cleanUpTokenizationSpaces)
      ? cleanUpTokenization(text)
      : text;
  }

  /** The UTF-8 bytes that one token stands for, which may be part of a character; empty for an id outside the vocabulary. */
  tokenBytes(id: number): Uint8Array {
    const known = this.#bytesOf[id];
    if (known !== undefined) return known;
    const bytes = tokenBytes(this.#tokenOf[id] ?? "");
    if (Number.isInteger(id) && id >= 0 && id < this.vocabSize) this.#bytesOf[id] = bytes;
    return bytes;
  }

  /** The id of a token as the vocabulary spells it; undefined when it is not in it. */
  tokenToId(token: string): number | undefined {
    return this.#idOf.get(token);
  }

  /** The token of an id as the vocabulary spells it; undefined when there is none. */
  idToToken(id: number): string | undefined {
    return this.#tokenOf[id];
  }
}

function missingToken(token: string, field: string): never {
  throw new ModelFileError(
    "tokenizer.json",
    `${field} names the token ${JSON.stringify(token)}, which is not in the vocabulary.`,
  );
}

/** Tokens of `tokenizer.json` and those that older checkpoints list only beside it. */
function allAddedTokens(json: TokenizerJson, config: TokenizerConfig): readonly AddedToken[] {
  const known = new Set(json.addedTokens.map((token) => token.content));
  const added = [...json.addedTokens, ...config.addedTokens.filter((token) => !known.has(token.content))];
  const owner = new Map<number, string>();
  for (const { id, content } of added) {
    const other = owner.get(id);
    if (other !== undefined && other !== content) {
      throw new ModelFileError(
        "tokenizer.json",
        `the added tokens ${JSON.stringify(other)} and ${JSON.stringify(content)} both have the id ${id}.`,
      );
    }
    owner.set(id, content);
  }
  return added;
}

/** The reference counts as special what is marked so, and what has a role. */
function specialIds(
  added: readonly AddedToken[],
  config: TokenizerConfig,
  ids: ReadonlyMap<string, number>,
): ReadonlySet<number> {
  const special = new Set(added.filter((token) => token.special).map((token) => token.id));
  const { bosToken, eosToken, padToken, unkToken, additionalSpecialTokens } = config;
  for (const token of [bosToken, eosToken, padToken, unkToken, ...additionalSpecialTokens]) {
    const id = token === undefined ? undefined : ids.get(token);
    if (id !== undefined) special.add(id);
  }
  return special;
}

function library(json: TokenizerJson): Tokenizer {
  const missing =
    json.unkToken === undefined ? BYTE_SYMBOLS.filter((symbol) => !Object.hasOwn(json.vocabulary, symbol)) : [];
  const model = {
    type: "BPE",
    vocab: json.vocabulary,
    merges: json.merges,
    unk_token: json.unkToken ?? null,
    ignore_merges: json.ignoreMerges,
  };
  const parts = {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: preTokenizerJson(json.preTokenizer, missing),
    post_processor: null,
    decoder: null,
    model,
  };
  try {
    return new Tokenizer(parts, { clean_up_tokenization_spaces: false });
  } catch (cause) {
    throw new ModelFileError("tokenizer.json", "the tokenizer cannot be built from it; fetch the file again.", {
      cause,
    });
  }
}
