import type { SmolVLMConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { linear } from "../ops/linear.js";
import { pixelShuffle } from "../ops/pixel-shuffle.js";
import type { Weights } from "../weights/weights.js";

/** Squares of patches become tokens of the text model: [images, patches, vision hidden] → [images, tokens, text hidden]. */
export function connector(weights: Weights, x: Value, config: SmolVLMConfig): Value {
  const shuffled = pixelShuffle(x, config.scaleFactor);
  return linear(weights.at("modality_projection.proj"), shuffled, config.textConfig.hiddenSize, { bias: false });
}
