import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@smolvlm/contracts";
import { describe, expect, it } from "vitest";
import { imageSequenceLength, parseModelConfig } from "./model-config.js";
import { parseTextConfig } from "./text-config.js";
import { parseVisionConfig } from "./vision-config.js";

const root = join(import.meta.dirname, "../../..");
const data = join(root, "../shared/data/tokenizer");

function json(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), "utf8"));
}

/** The published files are diff-serialised: these are the fields that they state. */
const base512 = { hidden_size: 768, image_size: 512, patch_size: 16, num_attention_heads: 12 };
const so400m = {
  hidden_size: 1152,
  image_size: 384,
  patch_size: 14,
  intermediate_size: 4304,
  num_hidden_layers: 27,
  num_attention_heads: 16,
};
const smolLM135 = {
  model_type: "llama",
  head_dim: 64,
  hidden_size: 576,
  intermediate_size: 1536,
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  vocab_size: 49280,
  pad_token_id: 2,
};
const smolLM360 = {
  ...smolLM135,
  hidden_size: 960,
  intermediate_size: 2560,
  num_attention_heads: 15,
  num_hidden_layers: 32,
  num_key_value_heads: 5,
};
const smolLM17 = {
  model_type: "llama",
  hidden_size: 2048,
  intermediate_size: 8192,
  num_hidden_layers: 24,
  rms_norm_eps: 1e-5,
  pad_token_id: 2,
};

const published = {
  "SmolVLM-256M-Instruct": {
    model_type: "idefics3",
    image_token_id: 49190,
    scale_factor: 4,
    vision_config: { ...base512, model_type: "idefics3" },
    text_config: smolLM135,
  },
  "SmolVLM-500M-Instruct": {
    model_type: "idefics3",
    image_token_id: 49190,
    scale_factor: 4,
    vision_config: { ...base512, model_type: "idefics3_vision" },
    text_config: smolLM360,
  },
  "SmolVLM-Instruct": {
    model_type: "idefics3",
    image_token_id: 49153,
    scale_factor: 3,
    vision_config: { ...so400m, model_type: "idefics3", size: { longest_edge: 1920 } },
    text_config: { ...smolLM17, vocab_size: 49155, rope_theta: 273768, max_position_embeddings: 16384 },
  },
  "SmolVLM2-256M-Video-Instruct": {
    model_type: "smolvlm",
    image_token_id: 49190,
    scale_factor: 4,
    vision_config: { ...base512, model_type: "smolvlm_vision" },
    text_config: smolLM135,
  },
  "SmolVLM2-500M-Video-Instruct": json(
    data,
    "SmolVLM2-256M-500M-Video-Instruct/config.SmolVLM2-500M-Video-Instruct.json",
  ),
  "SmolVLM2-2.2B-Instruct": {
    model_type: "smolvlm",
    image_token_id: 49190,
    scale_factor: 3,
    vision_config: { ...so400m, model_type: "smolvlm_vision" },
    text_config: { ...smolLM17, vocab_size: 49280, rope_theta: 130000, max_position_embeddings: 8192 },
  },
};

describe("the six published configurations", () => {
  const tower512 = [768, 3072, 12, 12, 3, 512, 16, 1e-6];
  const tower384 = [1152, 4304, 27, 16, 3, 384, 14, 1e-6];
  const expected = {
    "SmolVLM-256M-Instruct": ["idefics3", 49190, 4, 64, tower512, [49280, 576, 1536, 30, 9, 3, 64, 100000, 8192]],
    "SmolVLM-500M-Instruct": ["idefics3", 49190, 4, 64, tower512, [49280, 960, 2560, 32, 15, 5, 64, 100000, 8192]],
    "SmolVLM-Instruct": ["idefics3", 49153, 3, 81, tower384, [49155, 2048, 8192, 24, 32, 32, 64, 273768, 16384]],
    "SmolVLM2-256M-Video-Instruct": ["smolvlm", 49190, 4, 64, tower512, [49280, 576, 1536, 30, 9, 3, 64, 100000, 8192]],
    "SmolVLM2-500M-Video-Instruct": [
      "smolvlm",
      49190,
      4,
      64,
      tower512,
      [49280, 960, 2560, 32, 15, 5, 64, 100000, 8192],
    ],
    "SmolVLM2-2.2B-Instruct": ["smolvlm", 49190, 3, 81, tower384, [49280, 2048, 8192, 24, 32, 32, 64, 130000, 8192]],
  };
  it.each(Object.keys(expected) as (keyof typeof expected)[])("%s", (name) => {
    const { visionConfig: v, textConfig: t, ...config } = parseModelConfig(published[name]);
    const vision = [
      v.hiddenSize,
      v.intermediateSize,
      v.numHiddenLayers,
      v.numAttentionHeads,
      v.numChannels,
      v.imageSize,
      v.patchSize,
      v.layerNormEps,
    ];
    const sizes = [t.vocabSize, t.hiddenSize, t.intermediateSize, t.numHiddenLayers];
    const heads = [t.numAttentionHeads, t.numKeyValueHeads, t.headDim, t.ropeTheta, t.maxPositionEmbeddings];
    const length = imageSequenceLength({ visionConfig: v, textConfig: t, ...config });
    expect([config.modelType, config.imageTokenId, config.scaleFactor, length, vision, [...sizes, ...heads]]).toEqual(
      expected[name],
    );
    expect([config.tieWordEmbeddings, config.padTokenId, t.padTokenId, t.rmsNormEps]).toEqual([false, 128002, 2, 1e-5]);
  });
});

describe("class defaults", () => {
  it("are the reference's when the sections are missing or null", () => {
    expect(parseVisionConfig({})).toEqual({
      hiddenSize: 1152,
      intermediateSize: 3072,
      numHiddenLayers: 12,
      numAttentionHeads: 16,
      numChannels: 3,
      imageSize: 224,
      patchSize: 32,
      hiddenAct: "gelu_pytorch_tanh",
      layerNormEps: 1e-6,
    });
    const llama = {
      vocabSize: 32000,
      hiddenSize: 4096,
      intermediateSize: 11008,
      numHiddenLayers: 32,
      numAttentionHeads: 32,
      numKeyValueHeads: 32,
      headDim: 128,
      hiddenAct: "silu",
      rmsNormEps: 1e-6,
      ropeTheta: 10000,
      maxPositionEmbeddings: 2048,
      padTokenId: undefined,
      bosTokenId: 1,
      eosTokenId: 2,
    };
    expect(parseTextConfig({})).toEqual(llama);
    const bare = parseModelConfig({ model_type: "smolvlm", scale_factor: 7, vision_config: null, text_config: null });
    expect(bare).toMatchObject({ imageTokenId: 128257, padTokenId: 128002, scaleFactor: 7, tieWordEmbeddings: false });
    expect(bare.textConfig).toEqual({ ...llama, rmsNormEps: 1e-5, padTokenId: 128002 });
  });

  it("fill a diff-serialised fixture", () => {
    const config = parseModelConfig(json(root, "fixtures/checkpoints/v2-defaults-bf16/config.json"));
    expect(config.textConfig).toMatchObject({
      numAttentionHeads: 32,
      numKeyValueHeads: 32,
      headDim: 16,
      rmsNormEps: 1e-6,
      ropeTheta: 10000,
    });
    expect(config.visionConfig).toMatchObject({ numHiddenLayers: 12, layerNormEps: 1e-6 });
  });
});

describe("every fixture checkpoint", () => {
  const folder = join(root, "fixtures/checkpoints");
  it.each(readdirSync(folder))("%s parses", (name) => {
    const config = parseModelConfig(json(folder, name, "config.json"));
    const { image_seq_len: stated } = json(folder, name, "processor_config.json") as { image_seq_len: number };
    expect(imageSequenceLength(config)).toBe(stated);
  });
});

describe("rotary base", () => {
  it.each([
    [{ rope_theta: 5 }, 5],
    [{ rope_parameters: { rope_type: "default", rope_theta: 6 } }, 6],
    [{ rope_parameters: { rope_type: "default", rope_theta: 6 }, rope_theta: 5 }, 6],
    [{ rope_parameters: { rope_type: "default" }, rope_theta: 5 }, 5],
    [{ rope_scaling: null, rope_parameters: null }, 10000],
    [{ rope_scaling: { type: "default" }, rope_theta: 7 }, 7],
  ])("%j", (text, theta) => {
    expect(parseTextConfig(text).ropeTheta).toBe(theta);
  });
});

describe("token ids", () => {
  it("reads null and −1 as none", () => {
    expect(parseTextConfig({ pad_token_id: -1, bos_token_id: null, eos_token_id: null })).toMatchObject({
      padTokenId: undefined,
      bosTokenId: undefined,
      eosTokenId: undefined,
    });
    expect(parseTextConfig({ eos_token_id: [3, 4] }).eosTokenId).toEqual([3, 4]);
  });
});

describe("refusals name file, field, expected and found", () => {
  const good = { model_type: "smolvlm", scale_factor: 4, vision_config: base512, text_config: smolLM135 };
  it.each([
    [
      { ...good, model_type: "llava" },
      'model_type: expected "smolvlm" (SmolVLM2) or "idefics3" (SmolVLM), the models supported, found "llava".',
    ],
    [[], "(the whole file): expected an object, found []."],
    [null, "(the whole file): expected an object, found null."],
    [
      { ...good, scale_factor: 5 },
      "scale_factor: expected a divisor of the 32 patches of a side (vision_config.image_size 512 / patch_size 16), found 5.",
    ],
    [{ ...good, scale_factor: "4" }, 'scale_factor: expected an integer from 1 to 64, found "4".'],
    [{ ...good, tie_word_embeddings: 1 }, "tie_word_embeddings: expected true or false, found 1."],
    [{ ...good, vision_config: [] }, "vision_config: expected an object, found []."],
    [
      { ...good, vision_config: { ...base512, hidden_act: "gelu" } },
      'vision_config.hidden_act: expected "gelu_pytorch_tanh" (the only activation supported), found "gelu".',
    ],
    [
      { ...good, vision_config: { ...base512, num_attention_heads: 7 } },
      "vision_config.num_attention_heads: expected a divisor of hidden_size 768, found 7.",
    ],
    [
      { ...good, vision_config: { ...base512, patch_size: 1024 } },
      "vision_config.patch_size: expected at most image_size 512, found 1024.",
    ],
    [
      { ...good, text_config: { ...smolLM135, model_type: "qwen2" } },
      'text_config.model_type: expected "llama" (the only text model supported), found "qwen2".',
    ],
    [
      { ...good, text_config: { ...smolLM135, hidden_act: "gelu" } },
      'text_config.hidden_act: expected "silu" (the only activation supported), found "gelu".',
    ],
    [
      { ...good, text_config: { ...smolLM135, attention_bias: true } },
      "text_config.attention_bias: expected false (biases are not supported), found true.",
    ],
    [
      { ...good, text_config: { ...smolLM135, mlp_bias: true } },
      "text_config.mlp_bias: expected false (biases are not supported), found true.",
    ],
    [
      { ...good, text_config: { ...smolLM135, rope_scaling: { type: "linear", factor: 2 } } },
      'text_config.rope_scaling.rope_type: expected "default" (rotary scaling is not supported), found "linear".',
    ],
    [
      { ...good, text_config: { ...smolLM135, rope_parameters: { rope_type: "llama3" } } },
      'text_config.rope_parameters.rope_type: expected "default" (rotary scaling is not supported), found "llama3".',
    ],
    [
      { ...good, text_config: { ...smolLM135, partial_rotary_factor: 0.5 } },
      "text_config.partial_rotary_factor: expected 1 (partial rotary positions are not supported), found 0.5.",
    ],
    [
      { ...good, text_config: { ...smolLM135, num_key_value_heads: 4 } },
      "text_config.num_key_value_heads: expected a divisor of num_attention_heads 9, found 4.",
    ],
    [
      { ...good, text_config: { ...smolLM135, head_dim: 63 } },
      "text_config.head_dim: expected an even number (rotary positions turn pairs of channels), found 63.",
    ],
    [
      { ...good, text_config: { ...smolLM135, vocab_size: 1e12 } },
      "text_config.vocab_size: expected an integer from 1 to 4194304, found 1000000000000.",
    ],
    [
      { ...good, text_config: { ...smolLM135, num_hidden_layers: 2.5 } },
      "text_config.num_hidden_layers: expected an integer from 1 to 512, found 2.5.",
    ],
  ])("%#", (config, message) => {
    let error: unknown;
    try {
      parseModelConfig(config);
    } catch (thrown) {
      error = thrown;
    }
    expect(ConfigError.isInstance(error) && error.message).toBe(`config.json: ${message}`);
  });
});
