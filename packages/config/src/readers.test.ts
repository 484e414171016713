import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, ModelFileError, type ModelFiles } from "@smolvlm/contracts";
import { describe, expect, it } from "vitest";
import {
  MAX_CONFIG_BYTES,
  openTokenizerJson,
  parseChatTemplate,
  parseGenerationConfig,
  parseImageProcessorConfig,
  parseTokenizerConfig,
  parseTokenizerJson,
  parseVideoProcessorConfig,
  readChatTemplate,
  readGenerationConfig,
  readImageProcessorConfig,
  readModelConfig,
  readProcessorConfig,
  readTokenizerConfig,
  readTokenizerJson,
  readVideoProcessorConfig,
} from "./index.js";

const root = join(import.meta.dirname, "../../..");
const fixtures = join(root, "fixtures/checkpoints");
const data = join(root, "../shared/data/tokenizer");

/** A checkpoint in memory: text by file name, other values as JSON. */
function memory(record: Record<string, unknown>): ModelFiles {
  return {
    id: "memory",
    revision: "1",
    list: async () => Object.keys(record),
    open: async (path) => {
      const value = record[path];
      if (value === undefined) return undefined;
      const bytes =
        value instanceof Uint8Array
          ? value
          : new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
      return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
    },
    prefetch: async () => {},
  };
}

function folder(...path: string[]): ModelFiles {
  const directory = join(...path);
  return memory(
    Object.fromEntries(
      readdirSync(directory).map((name) => [name, new Uint8Array(readFileSync(join(directory, name)))]),
    ),
  );
}

describe("published processor files (transformers 4)", () => {
  it.each([
    ["SmolVLM-256M-500M-Instruct", "Idefics3ImageProcessor", 2048, 512, 64, 8192],
    ["SmolVLM2-256M-500M-Video-Instruct", "SmolVLMImageProcessor", 2048, 512, 64, 8192],
    ["SmolVLM2-2.2B-Instruct", "SmolVLMImageProcessor", 1536, 384, 81, 16384],
  ])("%s", async (name, type, size, tile, length, maxLength) => {
    const files = folder(data, name);
    const image = await readImageProcessorConfig(files);
    expect(image).toEqual({
      imageProcessorType: type,
      doConvertRgb: true,
      doResize: true,
      size: { longestEdge: size },
      resample: 1,
      doImageSplitting: true,
      maxImageSize: { longestEdge: tile },
      doRescale: true,
      rescaleFactor: 1 / 255,
      doNormalize: true,
      imageMean: [0.5, 0.5, 0.5],
      imageStd: [0.5, 0.5, 0.5],
      doPad: true,
      returnRowColInfo: false,
    });
    expect((await readProcessorConfig(files)).imageSeqLen).toBe(length);
    expect(await readGenerationConfig(files)).toMatchObject({
      eosTokenIds: [49279],
      padTokenId: 2,
      bosTokenId: 0,
      doSample: undefined,
    });
    const tokenizer = await readTokenizerConfig(files);
    expect(tokenizer).toMatchObject({
      bosToken: "<|im_start|>",
      eosToken: "<end_of_utterance>",
      padToken: "<|im_end|>",
      unkToken: "<|endoftext|>",
      additionalSpecialTokens: ["<fake_token_around_image>", "<image>", "<end_of_utterance>"],
      imageToken: "<image>",
      fakeImageToken: "<fake_token_around_image>",
      globalImageToken: "<global-img>",
      endOfUtteranceToken: "<end_of_utterance>",
      videoToken: "<video>",
      modelMaxLength: maxLength,
      paddingSide: "right",
      truncationSide: "left",
      cleanUpTokenizationSpaces: false,
    });
    expect(tokenizer.addedTokens).toHaveLength(145);
    expect(await readChatTemplate(files)).toContain("<|im_start|>{% for message in messages %}");
    if (name.startsWith("SmolVLM2")) {
      // `size` comes before `video_sampling.video_size`, as in the reference.
      expect(await readVideoProcessorConfig(files)).toMatchObject({
        size: { longestEdge: size },
        maxImageSize: { longestEdge: tile },
        numFrames: 64,
        fps: 1,
        skipSecs: 1,
      });
    }
  });
});

describe("transformers 4 and 5 files of fixtures", () => {
  it.each(readdirSync(fixtures))("%s reads whole", async (name) => {
    const files = folder(fixtures, name);
    const model = await readModelConfig(files);
    const tile = (await readImageProcessorConfig(files)).maxImageSize.longestEdge;
    expect(tile).toBe(model.visionConfig.imageSize);
    // SmolVLM 1 has no video processor: the reference reads one from its transformers 4 files only because they have the same name.
    if (model.modelType === "smolvlm")
      expect((await readVideoProcessorConfig(files)).maxImageSize.longestEdge).toBe(tile);
    expect(await readTokenizerConfig(files)).toMatchObject({
      eosToken: "<end_of_utterance>",
      imageToken: "<image>",
      modelMaxLength: 2048,
    });
    expect((await readGenerationConfig(files)).eosTokenIds).toHaveLength(1);
    expect(await readChatTemplate(files)).toContain("capitalize");
  });
});

describe("which file wins", () => {
  const nested = {
    image_processor: { size: { longest_edge: 10 } },
    video_processor: { size: { longest_edge: 20 } },
    chat_template: "nested",
  };
  const flat = {
    size: { longest_edge: 30 },
    video_sampling: { fps: 2, max_frames: 8, video_size: { longest_edge: 40 } },
  };
  it("nested before flat, video file before the image's", async () => {
    const both = memory({ "processor_config.json": nested, "preprocessor_config.json": flat });
    expect((await readImageProcessorConfig(both)).size.longestEdge).toBe(10);
    expect((await readVideoProcessorConfig(both)).size.longestEdge).toBe(20);
    const old = memory({ "preprocessor_config.json": flat });
    expect((await readImageProcessorConfig(old)).size.longestEdge).toBe(30);
    expect(await readVideoProcessorConfig(old)).toMatchObject({ size: { longestEdge: 30 }, numFrames: 8, fps: 2 });
    const own = memory({
      "preprocessor_config.json": flat,
      "video_preprocessor_config.json": { video_sampling: flat.video_sampling },
    });
    expect((await readVideoProcessorConfig(own)).size.longestEdge).toBe(40);
  });

  it("chat template: jinja, json, processor, tokenizer", async () => {
    const all = {
      "tokenizer_config.json": {
        chat_template: [
          { name: "rag", template: "r" },
          { name: "default", template: "tokenizer" },
        ],
      },
    };
    expect(await readChatTemplate(memory({}))).toBeUndefined();
    expect(await readChatTemplate(memory(all))).toBe("tokenizer");
    expect(await readChatTemplate(memory({ ...all, "processor_config.json": nested }))).toBe("nested");
    expect(await readChatTemplate(memory({ ...all, "chat_template.json": { chat_template: "json" } }))).toBe("json");
    expect(
      await readChatTemplate(
        memory({ ...all, "chat_template.jinja": "jinja", "chat_template.json": { chat_template: "json" } }),
      ),
    ).toBe("jinja");
    expect(() => parseChatTemplate(7, "chat_template.json")).toThrow(ConfigError);
  });

  it("special_tokens_map.json counts only without added_tokens_decoder", () => {
    const specialTokensMap = { eos_token: { content: "<|im_end|>" } };
    const json = { eos_token: "<end_of_utterance>" };
    expect(parseTokenizerConfig(json, undefined, { specialTokensMap }).eosToken).toBe("<|im_end|>");
    expect(parseTokenizerConfig({ ...json, added_tokens_decoder: {} }, undefined, { specialTokensMap }).eosToken).toBe(
      "<end_of_utterance>",
    );
  });

  it("added_tokens.json where the configuration lists none", async () => {
    const { addedTokens } = await readTokenizerConfig(folder(data, "shared"));
    expect(addedTokens).toHaveLength(128);
    expect(addedTokens.find((token) => token.content === "<image>")).toMatchObject({ id: 49190, special: true });
  });

  it("named tokens of both generations", () => {
    expect(parseTokenizerConfig({ video_token: "", image_token: "" })).toMatchObject({
      videoToken: "<video>",
      imageToken: "<image>",
    });
    expect(parseTokenizerConfig({ extra_special_tokens: { image_token: "<img>" } }).imageToken).toBe("<img>");
    expect(
      parseTokenizerConfig({ model_specific_special_tokens: { image_token: { content: "<pic>" } } }).imageToken,
    ).toBe("<pic>");
    expect(
      parseTokenizerConfig({ extra_special_tokens: ["<a>"], additional_special_tokens: ["<b>"] })
        .additionalSpecialTokens,
    ).toEqual(["<b>", "<a>"]);
  });

  it("image_seq_len follows from config.json where no file states it", async () => {
    const config = { model_type: "smolvlm", scale_factor: 2, vision_config: { image_size: 64, patch_size: 8 } };
    expect((await readProcessorConfig(memory({}))).imageSeqLen).toBe(169);
    expect((await readProcessorConfig(memory({ "config.json": config }))).imageSeqLen).toBe(16);
    expect(
      (await readProcessorConfig(memory({ "config.json": config, "processor_config.json": { image_seq_len: 9 } })))
        .imageSeqLen,
    ).toBe(9);
  });

  it("token ids come from the text model where there is no generation_config.json", async () => {
    const config = {
      model_type: "smolvlm",
      vision_config: { image_size: 64 },
      text_config: { eos_token_id: [7, 8], pad_token_id: 3 },
    };
    expect(await readGenerationConfig(memory({ "config.json": config }))).toMatchObject({
      eosTokenIds: [7, 8],
      padTokenId: 3,
      bosTokenId: 1,
    });
  });
});

describe("values", () => {
  it("generation: null is absent, a list stays one", () => {
    const config = parseGenerationConfig({
      eos_token_id: [1, 2],
      temperature: 0.5,
      top_k: null,
      stop_strings: "a",
      do_sample: true,
    });
    expect(config).toMatchObject({
      eosTokenIds: [1, 2],
      temperature: 0.5,
      topK: undefined,
      stopStrings: ["a"],
      doSample: true,
    });
    expect(() => parseGenerationConfig({ top_p: 1.5 })).toThrow(
      "generation_config.json: top_p: expected a number from 0 to 1, found 1.5.",
    );
  });

  it("a mean may be one number", () => {
    expect(parseImageProcessorConfig({ image_mean: 0.25 }).imageMean).toEqual([0.25, 0.25, 0.25]);
    const path = () =>
      parseImageProcessorConfig({ size: { shortest_edge: 3 } }, "processor_config.json", "image_processor");
    expect(path).toThrow('processor_config.json: image_processor.size: expected an object with "longest_edge"');
  });

  it("a video configuration without sampling has none", () => {
    expect(parseVideoProcessorConfig({})).toMatchObject({
      numFrames: undefined,
      fps: undefined,
      size: { longestEdge: 1456 },
      doSampleFrames: false,
    });
  });

  it("int(1e30) is no limit", () => {
    expect(parseTokenizerConfig({ model_max_length: 1e30 }).modelMaxLength).toBeUndefined();
  });
});

describe("unreadable files", () => {
  const thrown = (record: Record<string, unknown>) => readModelConfig(memory(record)).catch((error: unknown) => error);
  it.each([
    [{}, "config.json: memory does not have it, so this is not a model that can be loaded."],
    [{ "config.json": "{" }, "config.json: it is not JSON ("],
    [{ "config.json": new Uint8Array([0xff, 0xfe]) }, "config.json: it is not UTF-8 text; fetch the file again."],
    [
      { "config.json": new Uint8Array(MAX_CONFIG_BYTES + 1) },
      `config.json: it has ${MAX_CONFIG_BYTES + 1} bytes and at most ${MAX_CONFIG_BYTES} are accepted`,
    ],
  ])("%#", async (record, message) => {
    const error = await thrown(record);
    expect(ModelFileError.isInstance(error) && error.message.startsWith(message)).toBe(true);
  });
});

describe("openTokenizerJson", () => {
  const tokenizer = {
    pre_tokenizer: { type: "ByteLevel" },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] },
  };

  it("reads the file, and parses it when asked to", async () => {
    const files = memory({ "tokenizer.json": tokenizer });
    const parse = await openTokenizerJson(files);
    expect(parse()).toEqual(parseTokenizerJson(tokenizer));
    expect(await readTokenizerJson(files)).toEqual(parse());
  });

  it("refuses a missing file at once, and one that is not JSON or has a wrong field when it is parsed", async () => {
    await expect(openTokenizerJson(memory({}))).rejects.toThrow(ModelFileError);
    const cut = await openTokenizerJson(memory({ "tokenizer.json": JSON.stringify(tokenizer).slice(0, -1) }));
    expect(cut).toThrow("tokenizer.json: it is not JSON");
    const wrong = await openTokenizerJson(memory({ "tokenizer.json": { ...tokenizer, normalizer: { type: "NFC" } } }));
    expect(wrong).toThrow(ConfigError);
  });
});
