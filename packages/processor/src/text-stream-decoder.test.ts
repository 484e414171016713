import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { publishedFiles } from "../test-data/test-files.js";
import { TextStreamDecoder } from "./text-stream-decoder.js";
import { SmolVLMTokenizer } from "./tokenizer/smolvlm-tokenizer.js";

let tokenizer: SmolVLMTokenizer;
beforeAll(async () => {
  tokenizer = await SmolVLMTokenizer.fromPretrained(publishedFiles());
});

describe("TextStreamDecoder", () => {
  it("holds a character back until it is whole", () => {
    const text = "né 👩‍👩‍👧 한";
    const ids = tokenizer.encode(text);
    const stream = new TextStreamDecoder(tokenizer);
    const pieces = ids.map((id) => stream.push(id));
    expect(pieces.some((piece) => piece === "")).toBe(true);
    expect(pieces.join("")).not.toContain("\ufffd");
    expect(pieces.join("") + stream.flush()).toBe(text);
  });

  it("together gives what decode gives, for any ids, cut anywhere", () => {
    const ids = fc.array(fc.oneof(fc.integer({ min: 0, max: 49279 }), fc.integer({ min: 3, max: 300 })), {
      maxLength: 40,
    });
    const property = fc.property(ids, fc.boolean(), (row, skipSpecialTokens) => {
      const stream = new TextStreamDecoder(tokenizer, { skipSpecialTokens });
      let text = "";
      for (const id of row) {
        text += stream.push(id);
        // What was given is a prefix of all that may follow.
        expect(tokenizer.decode(row, { skipSpecialTokens }).startsWith(text)).toBe(true);
      }
      expect(text + stream.flush()).toBe(tokenizer.decode(row, { skipSpecialTokens }));
    });
    fc.assert(property, { numRuns: 400, seed: 3 });
  });

  it("takes several ids at a time and leaves special tokens out unless told", () => {
    const ids = tokenizer.encode("<|im_start|>User: hi<end_of_utterance>");
    expect(new TextStreamDecoder(tokenizer).push(Int32Array.from(ids))).toBe("User: hi");
    expect(new TextStreamDecoder(tokenizer, { skipSpecialTokens: false }).push(ids)).toBe(
      "<|im_start|>User: hi<end_of_utterance>",
    );
  });

  it("says at the end what never became whole, and starts afresh", () => {
    const stream = new TextStreamDecoder(tokenizer);
    const [first = 0] = tokenizer.encode("👩");
    expect(stream.push(first)).toBe("");
    expect(stream.flush()).toBe("\ufffd");
    expect(stream.push(tokenizer.encode("ok"))).toBe("ok");
  });
});
