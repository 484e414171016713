import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tensor } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { SmolVLMForConditionalGeneration } from "./smolvlm-for-conditional-generation.js";
import { repositoryRoot } from "./testing/fixtures.js";
import { readModel } from "./testing/read-model.js";
import { recordingBackend } from "./testing/recording-backend.js";
import { zeroCheckpoint, type Shapes } from "./testing/zero-checkpoint.js";

interface Sizes {
  readonly vision: { hidden: number; inner: number; layers: number; patch: number; positions: number };
  readonly text: { hidden: number; inner: number; layers: number; heads: number; kv: number; vocab: number };
  readonly scale: number;
}

const base = { hidden: 768, inner: 3072, layers: 12, patch: 16, positions: 32 * 32 };
const so400m = { hidden: 1152, inner: 4304, layers: 27, patch: 14, positions: 27 * 27 };
const small: Sizes = {
  vision: base,
  text: { hidden: 576, inner: 1536, layers: 30, heads: 9, kv: 3, vocab: 49280 },
  scale: 4,
};
const middle: Sizes = {
  vision: base,
  text: { hidden: 960, inner: 2560, layers: 32, heads: 15, kv: 5, vocab: 49280 },
  scale: 4,
};
const large = (vocab: number): Sizes => ({
  vision: so400m,
  text: { hidden: 2048, inner: 8192, layers: 24, heads: 32, kv: 32, vocab },
  scale: 3,
});

const smallVision = { hidden_size: 768, num_attention_heads: 12, patch_size: 16, image_size: 512 };
const largeVision = {
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 27,
  num_attention_heads: 16,
  patch_size: 14,
  image_size: 384,
};

function config(modelType: string, sizes: Sizes, theta: number, more: object = {}): unknown {
  const { hidden, inner, layers, heads, kv, vocab } = sizes.text;
  return {
    model_type: modelType,
    image_token_id: 49190,
    scale_factor: sizes.scale,
    vision_config: sizes.vision === base ? smallVision : largeVision,
    text_config: {
      model_type: "llama",
      hidden_size: hidden,
      intermediate_size: inner,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kv,
      vocab_size: vocab,
      rope_theta: theta,
      max_position_embeddings: 8192,
      rms_norm_eps: 1e-5,
      pad_token_id: 2,
      ...more,
    },
  };
}

/** The file that the 500M SmolVLM2 has on the Hub, as it is. */
function publishedConfig(): unknown {
  const path = join(
    repositoryRoot,
    "../shared/data/tokenizer/SmolVLM2-256M-500M-Video-Instruct/config.SmolVLM2-500M-Video-Instruct.json",
  );
  expect(existsSync(path), `${path} is missing: the shared data belongs beside the repository`).toBe(true);
  return JSON.parse(readFileSync(path, "utf8")) as unknown;
}

/** The keys that the reference writes, spelled out from its module tree. */
function weightShapes({ vision, text, scale }: Sizes): Shapes {
  const shapes: Record<string, readonly number[]> = {};
  const tower = "model.vision_model.";
  const affine = (key: string, out: number, into?: number): void => {
    shapes[`${key}.weight`] = into === undefined ? [out] : [out, into];
    shapes[`${key}.bias`] = [out];
  };
  shapes[`${tower}embeddings.patch_embedding.weight`] = [vision.hidden, 3, vision.patch, vision.patch];
  shapes[`${tower}embeddings.patch_embedding.bias`] = [vision.hidden];
  shapes[`${tower}embeddings.position_embedding.weight`] = [vision.positions, vision.hidden];
  for (let layer = 0; layer < vision.layers; layer++) {
    const at = `${tower}encoder.layers.${layer}.`;
    affine(`${at}layer_norm1`, vision.hidden);
    affine(`${at}layer_norm2`, vision.hidden);
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"])
      affine(`${at}self_attn.${part}`, vision.hidden, vision.hidden);
    affine(`${at}mlp.fc1`, vision.inner, vision.hidden);
    affine(`${at}mlp.fc2`, vision.hidden, vision.inner);
  }
  affine(`${tower}post_layernorm`, vision.hidden);
  shapes["model.connector.modality_projection.proj.weight"] = [text.hidden, vision.hidden * scale ** 2];
  const decoder = "model.text_model.";
  shapes[`${decoder}embed_tokens.weight`] = [text.vocab, text.hidden];
  for (let layer = 0; layer < text.layers; layer++) {
    const at = `${decoder}layers.${layer}.`;
    shapes[`${at}input_layernorm.weight`] = [text.hidden];
    shapes[`${at}post_attention_layernorm.weight`] = [text.hidden];
    shapes[`${at}self_attn.q_proj.weight`] = [text.heads * 64, text.hidden];
    shapes[`${at}self_attn.k_proj.weight`] = [text.kv * 64, text.hidden];
    shapes[`${at}self_attn.v_proj.weight`] = [text.kv * 64, text.hidden];
    shapes[`${at}self_attn.o_proj.weight`] = [text.hidden, text.heads * 64];
    shapes[`${at}mlp.gate_proj.weight`] = [text.inner, text.hidden];
    shapes[`${at}mlp.up_proj.weight`] = [text.inner, text.hidden];
    shapes[`${at}mlp.down_proj.weight`] = [text.hidden, text.inner];
  }
  shapes[`${decoder}norm.weight`] = [text.hidden];
  shapes["lm_head.weight"] = [text.vocab, text.hidden];
  return shapes;
}

const count = (shapes: Shapes): number => {
  return Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
};

// Figures of the published headers and model cards: tensors, and parameters in millions.
test.each([
  ["SmolVLM-256M-Instruct", config("idefics3", small, 100_000), small, 471, 256.5],
  ["SmolVLM2-256M-Video-Instruct", config("smolvlm", small, 100_000), small, 471, 256.5],
  ["SmolVLM-500M-Instruct", config("idefics3", middle, 100_000), middle, 489, 507.5],
  ["SmolVLM2-500M-Video-Instruct", publishedConfig(), middle, 489, 507.5],
  [
    "SmolVLM-Instruct",
    config("idefics3", large(49155), 273_768, { max_position_embeddings: 16384 }),
    large(49155),
    657,
    2246,
  ],
  [
    "SmolVLM2-2.2B-Instruct",
    config("smolvlm", large(49280), 130_000, { num_attention_heads: undefined }),
    large(49280),
    657,
    2247,
  ],
])("%s builds from its configuration and uses every tensor once", async (_name, json, sizes, tensors, millions) => {
  const shapes = weightShapes(sizes);
  expect(Object.keys(shapes)).toHaveLength(tensors);
  expect(Math.abs(count(shapes) / 1e6 - millions)).toBeLessThan(1);
  const files = zeroCheckpoint(json, shapes);
  const backend = recordingBackend();
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(files, { backend });
  // The vision tower is loaded for the first frame.
  const { imageSize: side } = model.config.visionConfig;
  const pixelValues = tensor("float32", [1, 1, 3, side, side], new Float32Array(3 * side ** 2).fill(1));
  await expect(model.getImageFeatures({ pixelValues })).rejects.toThrow("it runs nothing");

  const placed = backend.graphs.flatMap(({ model }) => readModel(model).external);
  const expected = Object.keys(shapes).filter((key) => key !== "model.text_model.embed_tokens.weight");
  expect(placed.map(({ name }) => name).sort()).toEqual(expected.sort());
  for (const { name, dims } of placed) expect(dims).toEqual(shapes[name]);
  expect(backend.graphs.map(({ name }) => name)).toEqual(["language", "vision"]);
  // The header and nothing of the weights, which are used where they are.
  expect(files.bytesRead()).toBeLessThan(200_000);
  for (const { model } of backend.graphs) expect(model.length).toBeLessThan(500_000);
});
