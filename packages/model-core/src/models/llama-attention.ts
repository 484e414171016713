import type { SmolVLMTextConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { causalAttention, type CausalContext } from "../ops/causal-attention.js";
import { linear } from "../ops/linear.js";
import type { Weights } from "../weights/weights.js";

/** Grouped-query self-attention with rotary positions and a cache; `x` is [rows, hidden]. */
export function llamaAttention(
  weights: Weights,
  x: Value,
  config: SmolVLMTextConfig,
  context: CausalContext,
  layer: number,
): Value {
  const { numAttentionHeads, numKeyValueHeads, headDim, hiddenSize } = config;
  const bias = false;
  const attended = causalAttention(context, {
    query: linear(weights.at("q_proj"), x, numAttentionHeads * headDim, { bias }),
    key: linear(weights.at("k_proj"), x, numKeyValueHeads * headDim, { bias }),
    value: linear(weights.at("v_proj"), x, numKeyValueHeads * headDim, { bias }),
    layer,
  });
  return linear(weights.at("o_proj"), attended, hiddenSize, { bias });
}
