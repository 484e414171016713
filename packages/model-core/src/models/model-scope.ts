import type { Weights } from "../weights/weights.js";

/** The weights of `SmolVLMModel`: below `model.`, or at the top where the base model alone was saved. */
export function modelScope(weights: Weights): Weights {
  const scope = weights.at("model");
  return scope.isPresent ? scope : weights;
}
