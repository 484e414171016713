import type { SmolVLMVisionConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { geluPytorchTanh } from "../ops/activations.js";
import { linear } from "../ops/linear.js";
import type { Weights } from "../weights/weights.js";

/** fc2(gelu(fc1(x))); `x` is [images, patches, hidden]. */
export function siglipMlp(weights: Weights, x: Value, config: SmolVLMVisionConfig): Value {
  const inner = geluPytorchTanh(linear(weights.at("fc1"), x, config.intermediateSize));
  return linear(weights.at("fc2"), inner, config.hiddenSize);
}
