import { join } from "node:path";
import { parseTokenizerConfig, parseTokenizerJson, type AddedToken } from "@smolvlm/config";
import { ConfigError, InvalidArgumentError, ModelFileError } from "@smolvlm/contracts";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { folderFiles, goldens, json, publishedFiles, realFiles, root } from "../../test-data/test-files.js";
import { SmolVLMTokenizer } from "./smolvlm-tokenizer.js";

let tokenizer: SmolVLMTokenizer;
beforeAll(async () => {
  tokenizer = await SmolVLMTokenizer.fromPretrained(publishedFiles());
});

describe("the reference's ids", () => {
  it("of 143 strings, with both decodings", () => {
    interface Golden {
      readonly fixtures: readonly { text: string; ids: number[]; decoded: string; decoded_skip_special: string }[];
    }
    const { fixtures } = json<Golden>(realFiles, "shared/token_ids_golden.json");
    expect(fixtures).toHaveLength(143);
    for (const { text, ids, decoded, decoded_skip_special: skipped } of fixtures) {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(skipped);
    }
  });

  it("of hard strings: white space, digits of all kinds, symbols, scripts, emoji, missing bytes, every plane", () => {
    type Strings = readonly [string, number[], string?][];
    const cases = [
      ...json<Strings>(goldens, "hard-strings.json"),
      ...json<{ cases: Strings }>(root, "fixtures/tokenizer/fuzz-ids.json").cases,
    ];
    expect(cases.length).toBeGreaterThanOrEqual(2500);
    const wrong = cases.filter(([text, ids, decoded = text]) => {
      return tokenizer.encode(text).join() !== ids.join() || tokenizer.decode(ids) !== decoded;
    });
    expect(wrong).toEqual([]);
  });

  it("with added tokens of every option", () => {
    interface Raw extends Omit<AddedToken, "singleWord"> {
      readonly single_word: boolean;
    }
    const { tokens, cases } = json<{ tokens: Raw[]; cases: [string, number[], string, string][] }>(
      goldens,
      "added-tokens.json",
    );
    const published = json<{ added_tokens: Raw[] }>(realFiles, "shared/tokenizer.json");
    const extended = parseTokenizerJson({ ...published, added_tokens: [...published.added_tokens, ...tokens] });
    const custom = new SmolVLMTokenizer(extended, parseTokenizerConfig({}));
    for (const [text, ids, decoded, skipped] of cases) {
      expect(custom.encode(text), JSON.stringify(text)).toEqual(ids);
      expect(custom.decode(ids)).toBe(decoded);
      expect(custom.decode(ids, { skipSpecialTokens: true })).toBe(skipped);
    }
  });

  it.each([
    ["How's it going?", [2020, 506, 357, 2045, 47]],
    ["Hello, world!", [19556, 28, 905, 17]],
    ["\n\n", [1116]],
    ["a\n\nb", [81, 198, 198, 82]],
    ["1234567890", [33, 34, 35, 36, 37, 38, 39, 40, 41, 32]],
    [" 42", [216, 36, 34]],
    ["<|im_start|>User: hi<end_of_utterance>\nAssistant:", [1, 11126, 42, 15876, 49279, 198, 9519, 9531, 42]],
  ])("%j", (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });

  it("are the ids of the tokenizer files that transformers 4 writes as vocab.json and added_tokens.json", () => {
    const ids = json<Record<string, number>>(realFiles, "shared/added_tokens.json");
    for (const [token, id] of Object.entries(ids)) expect(tokenizer.encode(token)).toEqual([id]);
    const vocabulary = json<Record<string, number>>(realFiles, "shared/vocab.json");
    for (const [token, id] of Object.entries(vocabulary)) expect(tokenizer.idToToken(id)).toBe(token);
  });
});

describe("facts", () => {
  it("sizes and roles", () => {
    const { vocabSize, padTokenId, bosTokenId, eosTokenId, unkTokenId } = tokenizer;
    expect({ vocabSize, padTokenId, bosTokenId, eosTokenId, unkTokenId }).toEqual({
      vocabSize: 49280,
      padTokenId: 2,
      bosTokenId: 1,
      eosTokenId: 49279,
      unkTokenId: 0,
    });
    expect([tokenizer.tokenToId("<image>"), tokenizer.tokenToId("<video>"), tokenizer.idToToken(49174)]).toEqual([
      49190,
      undefined,
      "<row_4_col_4>",
    ]);
  });

  it("lone surrogates count as U+FFFD", () => {
    expect(tokenizer.encode("a\ud83db\udc00")).toEqual(tokenizer.encode("a\ufffdb\ufffd"));
  });

  it("bytes without a symbol are dropped, and what stood around them merges", () => {
    expect(tokenizer.encode("!\x04!")).toEqual(tokenizer.encode("!!"));
    expect(tokenizer.encode("\x04")).toEqual([]);
  });

  it("decodes typed arrays, 64-bit ids, and ids that do not exist", () => {
    expect(tokenizer.decode(Int32Array.of(19556, 28))).toBe("Hello,");
    expect(tokenizer.decode(BigInt64Array.of(19556n, 28n))).toBe("Hello,");
    expect(tokenizer.decode([19556, 999_999, -1, 1.5, 28])).toBe("Hello,");
    expect(tokenizer.decode([])).toBe("");
  });

  it("cleans up spaces only when asked", () => {
    const ids = tokenizer.encode("it is n't so , is it ?");
    expect(tokenizer.decode(ids)).toBe("it is n't so , is it ?");
    expect(tokenizer.decode(ids, { cleanUpTokenizationSpaces: true })).toBe("it isn't so, is it?");
  });

  it("decoding gives back any text whose bytes are all in the vocabulary", () => {
    const dropped = [4, 6, 0x13, 0x14, 0x16, 0x1d];
    const property = fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
      const whole = [...text].every((character) => {
        const point = character.codePointAt(0) ?? 0;
        return !dropped.includes(point) && (point < 0x40000 || point >= 0xc0000);
      });
      if (whole) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    });
    fc.assert(property, { numRuns: 1000, seed: 5 });
  });

  it("puts the tokens of a template around the text when special tokens are asked for", () => {
    const published = json<object>(realFiles, "shared/tokenizer.json");
    const single = [{ SpecialToken: { id: "<|im_start|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }];
    const template = { type: "TemplateProcessing", single, pair: [], special_tokens: {} };
    const custom = new SmolVLMTokenizer(
      parseTokenizerJson({ ...published, post_processor: template }),
      parseTokenizerConfig({}),
    );
    expect(custom.encode("a")).toEqual([1, 81]);
    expect(custom.encode("a", { addSpecialTokens: false })).toEqual([81]);
  });

  it("reads the base model's tokenizer file too", async () => {
    const smollm = await SmolVLMTokenizer.fromPretrained(folderFiles(join(realFiles, "smollm")));
    expect(smollm.encode("How's it going?")).toEqual([2020, 506, 357, 2045, 47]);
  });

  it("encodes a prompt of 2,000 tokens in milliseconds", () => {
    const prompt = `<|im_start|>User:${"<image>".repeat(1088)}${"Describe this image in detail, please. ".repeat(130)}`;
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      expect(tokenizer.encode(prompt).length).toBeGreaterThan(2000);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(200); // 12 ms on an idle machine.
  });
});

describe("refusals", () => {
  it("of arguments that are not text", () => {
    expect(() => tokenizer.encode(7 as unknown as string)).toThrow(InvalidArgumentError);
  });

  it("of files that are missing, contradictory, or of another kind", async () => {
    await expect(SmolVLMTokenizer.fromPretrained(folderFiles(goldens))).rejects.toThrow("tokenizer.json");
    const tiny = {
      added_tokens: [{ id: 1, content: "<a>", special: true }],
      pre_tokenizer: { type: "ByteLevel" },
      decoder: { type: "ByteLevel" },
      model: { type: "BPE", vocab: { a: 0 }, merges: [] },
    };
    const twice = { ...tiny, added_tokens: [...tiny.added_tokens, { id: 1, content: "<b>" }] };
    expect(() => new SmolVLMTokenizer(parseTokenizerJson(twice), parseTokenizerConfig({}))).toThrow(ModelFileError);
    const unigram = { ...tiny, model: { ...tiny.model, type: "Unigram" } };
    expect(() => parseTokenizerJson(unigram)).toThrow(
      'tokenizer.json: model.type: expected "BPE" (the only model supported), found "Unigram".',
    );
    expect(() => parseTokenizerJson({ ...tiny, normalizer: { type: "NFC" } })).toThrow(ConfigError);
  });
});

describe("mutated tokenizer files", () => {
  const values = [
    null,
    0,
    -1,
    1e9,
    "",
    "x",
    [],
    {},
    [[]],
    true,
    ["a", "b"],
    { type: "Sequence", pretokenizers: [{}] },
    { type: "Digits" },
    { a: "b" },
  ];
  const tiny = {
    added_tokens: [
      { id: 4, content: "<a>", special: true, lstrip: false, rstrip: true, single_word: false, normalized: false },
    ],
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: false },
      ],
    },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<a>" } }, { Sequence: { id: "A" } }],
    },
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      vocab: { a: 0, b: 1, ab: 2, Ġ: 3 },
      merges: [["a", "b"]],
      unk_token: null,
      dropout: null,
      ignore_merges: false,
    },
  };
  const paths = (value: unknown): string[][] =>
    typeof value !== "object" || value === null
      ? [[]]
      : [[], ...Object.entries(value).flatMap(([key, inner]) => paths(inner).map((path) => [key, ...path]))];
  const replaced = (value: unknown, [key, ...rest]: string[], by: unknown): unknown => {
    if (key === undefined) return by;
    const copy = structuredClone(value) as Record<string, unknown>;
    copy[key] = replaced(copy[key], rest, by);
    return copy;
  };

  it("either work or give a ModelFileError", () => {
    let built = 0;
    for (const path of paths(tiny)) {
      for (const value of values) {
        try {
          const mutated = new SmolVLMTokenizer(
            parseTokenizerJson(replaced(tiny, path, value)),
            parseTokenizerConfig({}),
          );
          mutated.decode(mutated.encode("ab <a> 12 ab"));
          built++;
        } catch (error) {
          if (!ModelFileError.isInstance(error)) throw error;
        }
      }
    }
    expect(built).toBeGreaterThan(30);
  });
});
