import * as v from "valibot";
import { check, fieldError, type Place } from "./check.js";
import { fields, integer, real, text } from "./fields.js";
import { MAX_IMAGE_EDGE, MAX_LAYERS, MAX_WIDTH } from "./limits.js";

/** The SigLIP tower, `vision_config` of `config.json`. Fields that a file omits have the defaults of the reference's class. */
export interface SmolVLMVisionConfig {
  /** Channels of a patch. */
  readonly hiddenSize: number;
  /** Channels inside the feed-forward part. */
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** Colour channels, 3. */
  readonly numChannels: number;
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** Side of a patch in pixels; what does not fill a patch at the right and bottom is unused. */
  readonly patchSize: number;
  readonly hiddenAct: "gelu_pytorch_tanh";
  readonly layerNormEps: number;
}

/** The only activation of this tower. */
const VISION_ACTIVATION = "gelu_pytorch_tanh";

const schema = fields({
  hidden_size: v.optional(integer(1, MAX_WIDTH), 1152),
  intermediate_size: v.optional(integer(1, MAX_WIDTH), 3072),
  num_hidden_layers: v.optional(integer(1, MAX_LAYERS), 12),
  num_attention_heads: v.optional(integer(1, MAX_WIDTH), 16),
  num_channels: v.optional(integer(1, 4), 3),
  image_size: v.optional(integer(1, MAX_IMAGE_EDGE), 224),
  patch_size: v.optional(integer(1, MAX_IMAGE_EDGE), 32),
  hidden_act: v.optional(text(), VISION_ACTIVATION),
  layer_norm_eps: v.optional(real(0, 1), 1e-6),
});

/**
 * The vision tower's configuration from the value of `vision_config`. Its `model_type` is not looked at: published files say
 * `siglip`, `idefics3` or `smolvlm_vision` and the reference builds the same class from all of them.
 *
 * @throws ConfigError for a wrong field, heads that do not divide the channels, a patch larger than the image, or an activation
 * other than `gelu_pytorch_tanh`.
 */
export function parseVisionConfig(json: unknown, file = "config.json", at = "vision_config"): SmolVLMVisionConfig {
  const place: Place = { file, at };
  const raw = check(schema, json, place);
  if (raw.hidden_act !== VISION_ACTIVATION) {
    throw fieldError(place, "hidden_act", `"${VISION_ACTIVATION}" (the only activation supported)`, raw.hidden_act);
  }
  if (raw.hidden_size % raw.num_attention_heads !== 0) {
    throw fieldError(
      place,
      "num_attention_heads",
      `a divisor of hidden_size ${raw.hidden_size}`,
      raw.num_attention_heads,
    );
  }
  if (raw.patch_size > raw.image_size) {
    throw fieldError(place, "patch_size", `at most image_size ${raw.image_size}`, raw.patch_size);
  }
  return {
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    numHiddenLayers: raw.num_hidden_layers,
    numAttentionHeads: raw.num_attention_heads,
    numChannels: raw.num_channels,
    imageSize: raw.image_size,
    patchSize: raw.patch_size,
    hiddenAct: VISION_ACTIVATION,
    layerNormEps: raw.layer_norm_eps,
  };
}
