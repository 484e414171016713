import type { SmolVLMTextConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { silu } from "../ops/activations.js";
import { linear } from "../ops/linear.js";
import type { Weights } from "../weights/weights.js";

/** down(silu(gate(x)) · up(x)); `x` is [rows, hidden]. */
export function llamaMlp(weights: Weights, x: Value, config: SmolVLMTextConfig): Value {
  const bias = false;
  const gate = silu(linear(weights.at("gate_proj"), x, config.intermediateSize, { bias }));
  const up = linear(weights.at("up_proj"), x, config.intermediateSize, { bias });
  return linear(weights.at("down_proj"), gate.mul(up), config.hiddenSize, { bias });
}
