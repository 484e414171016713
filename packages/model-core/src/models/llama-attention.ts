import type { SmolVLMTextConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { causalAttention, type CausalContext } from "../ops/causal-attention.js";
import { linear, projections } from "../ops/linear.js";
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
  const queryKeyValue = projections(
    [
      [weights.at("q_proj"), numAttentionHeads * headDim],
      [weights.at("k_proj"), numKeyValueHeads * headDim],
      [weights.at("v_proj"), numKeyValueHeads * headDim],
    ],
    x,
    // Heads that share keys and values lie together with them.
    numKeyValueHeads,
  );
  const attended = causalAttention(context, { queryKeyValue, layer });
  return linear(weights.at("o_proj"), attended, hiddenSize, { bias: false });
}
