import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@smolvlm/contracts";
import { describe, expect, it } from "vitest";
import { parseTokenizerJson } from "./tokenizer-json.js";

const published = join(import.meta.dirname, "../../../../shared/data/tokenizer/shared/tokenizer.json");
const tiny = {
  added_tokens: [
    { id: 9, content: "<b>", special: true, rstrip: true },
    { id: 8, content: "c" },
  ],
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false },
  decoder: { type: "ByteLevel" },
  model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] },
};
const model = (fields: object) => ({ ...tiny, model: { ...tiny.model, ...fields } });

describe("parseTokenizerJson", () => {
  it("reads the published file", () => {
    const tokenizer = parseTokenizerJson(JSON.parse(readFileSync(published, "utf8")));
    expect(Object.keys(tokenizer.vocabulary)).toHaveLength(49152);
    expect([tokenizer.merges.length, tokenizer.addedTokens.length]).toEqual([48900, 145]);
    expect(tokenizer.preTokenizer).toEqual([
      { type: "Digits", individualDigits: true },
      { type: "ByteLevel", addPrefixSpace: false, useRegex: true },
    ]);
    expect(tokenizer).toMatchObject({ unkToken: undefined, ignoreMerges: false, prefixTokens: [], suffixTokens: [] });
  });

  it("fills in what a file omits, tokens by id", () => {
    expect(parseTokenizerJson(tiny).addedTokens).toEqual([
      { id: 8, content: "c", special: false, lstrip: false, rstrip: false, singleWord: false, normalized: true },
      { id: 9, content: "<b>", special: true, lstrip: false, rstrip: true, singleWord: false, normalized: false },
    ]);
  });

  it("reads the tokens around a text from a template", () => {
    const single = [{ SpecialToken: { id: "<s>" } }, { Sequence: { id: "A" } }, { SpecialToken: { id: "</s>" } }];
    const tokenizer = parseTokenizerJson({ ...tiny, post_processor: { type: "TemplateProcessing", single } });
    expect([tokenizer.prefixTokens, tokenizer.suffixTokens]).toEqual([["<s>"], ["</s>"]]);
  });

  it.each([
    [model({ type: "WordPiece" }), 'model.type: expected "BPE"'],
    [model({ vocab: { a: -1 } }), "model.vocab: expected an object of token ids below 4194304, found an object."],
    [model({ vocab: [] }), "model.vocab: "],
    [model({ merges: [["a"]] }), "model.merges: expected an array of pairs of tokens"],
    [model({ merges: ["ab"] }), "model.merges: "],
    [model({ dropout: 0.1 }), "model.dropout: "],
    [model({ byte_fallback: true }), "model.byte_fallback: "],
    [model({ end_of_word_suffix: "</w>" }), "model.end_of_word_suffix: "],
    [
      { ...tiny, normalizer: { type: "NFC" } },
      "normalizer: expected null (normalizers are not supported), found an object.",
    ],
    [{ ...tiny, decoder: { type: "WordPiece" } }, "decoder.type: "],
    [{ ...tiny, decoder: null }, 'decoder.type: expected "ByteLevel" (the only decoder supported), found nothing.'],
    [{ ...tiny, pre_tokenizer: { type: "Split" } }, 'pre_tokenizer.type: expected "Digits" or "ByteLevel"'],
    [{ ...tiny, pre_tokenizer: null }, "pre_tokenizer.type: "],
    [
      { ...tiny, pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Metaspace" }] } },
      "pre_tokenizer.pretokenizers[0].type: ",
    ],
    [{ ...tiny, post_processor: { type: "BertProcessing" } }, "post_processor.type: "],
    [{ ...tiny, post_processor: { type: "TemplateProcessing", single: [] } }, "post_processor.single: "],
    [
      { ...tiny, added_tokens: [{ id: 1, content: "" }] },
      "added_tokens[0].content: expected a string that is not empty",
    ],
    [
      { ...tiny, added_tokens: [{ id: 1.5, content: "a" }] },
      "added_tokens[0].id: expected an integer from 0 to 4194303, found 1.5.",
    ],
    [[], "(the whole file): expected an object, found []."],
  ])("refuses %#", (json, message) => {
    let error: unknown;
    try {
      parseTokenizerJson(json);
    } catch (thrown) {
      error = thrown;
    }
    expect(ConfigError.isInstance(error) && error.message).toContain(`tokenizer.json: ${message}`);
  });
});
