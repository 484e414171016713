import type { SmolVLMVisionConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { attention } from "../ops/attention.js";
import { linear } from "../ops/linear.js";
import type { Weights } from "../weights/weights.js";

/** Bidirectional self-attention; `x` is [images, patches, hidden], `patchBias` [images, patches] hides padding. */
export function siglipAttention(weights: Weights, x: Value, config: SmolVLMVisionConfig, patchBias?: Value): Value {
  const { hiddenSize, numAttentionHeads } = config;
  const attended = attention({
    query: linear(weights.at("q_proj"), x, hiddenSize),
    key: linear(weights.at("k_proj"), x, hiddenSize),
    value: linear(weights.at("v_proj"), x, hiddenSize),
    heads: numAttentionHeads,
    keyBias: patchBias,
  });
  return linear(weights.at("out_proj"), attended, hiddenSize);
}
