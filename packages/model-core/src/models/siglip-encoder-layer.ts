import type { SmolVLMVisionConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { layerNorm } from "../ops/normalization.js";
import type { Weights } from "../weights/weights.js";
import { siglipAttention } from "./siglip-attention.js";
import { siglipMlp } from "./siglip-mlp.js";

/** One pre-norm SigLIP block. `x` is [images, patches, hidden], `patchBias` [images, patches] hides padding. */
export function siglipEncoderLayer(weights: Weights, x: Value, config: SmolVLMVisionConfig, patchBias?: Value): Value {
  const normed = layerNorm(weights.at("layer_norm1"), x, config.layerNormEps);
  const h = x.add(siglipAttention(weights.at("self_attn"), normed, config, patchBias));
  return h.add(siglipMlp(weights.at("mlp"), layerNorm(weights.at("layer_norm2"), h, config.layerNormEps), config));
}
