import type { SmolVLMTextConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { silu } from "../ops/activations.js";
import { linear, projections } from "../ops/linear.js";
import type { Weights } from "../weights/weights.js";

/** down(silu(gate(x)) · up(x)); `x` is [rows, hidden]. */
export function llamaMlp(weights: Weights, x: Value, config: SmolVLMTextConfig): Value {
  const { intermediateSize, hiddenSize } = config;
  const gateUp = projections(
    [
      [weights.at("gate_proj"), intermediateSize],
      [weights.at("up_proj"), intermediateSize],
    ],
    x,
  );
  const [gate, up] = gateUp.parts() as [Value, Value];
  return linear(weights.at("down_proj"), silu(gate).mul(up), hiddenSize, { bias: false });
}
