import type { SmolVLMTextConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { causalContext, declarePresents } from "../ops/causal-attention.js";
import { rmsNorm } from "../ops/normalization.js";
import type { Weights } from "../weights/weights.js";
import { llamaDecoderLayer } from "./llama-decoder-layer.js";

/** What the decoder makes of its inputs, all [rows, hidden]. */
export interface LlamaOutputs {
  /** The output of each layer. */
  readonly hiddenStates: readonly Value[];
  /** The output of the last layer, normalised. */
  readonly lastHiddenState: Value;
}

/** The Llama decoder without its embedding table; `inputsEmbeds` is [batch, sequence, hidden], rows are batch · sequence. */
export function llamaModel(weights: Weights, inputsEmbeds: Value, config: SmolVLMTextConfig): LlamaOutputs {
  const { numAttentionHeads: heads, numKeyValueHeads: keyValueHeads, headDim, ropeTheta } = config;
  const { hiddenSize, numHiddenLayers } = config;
  const context = causalContext(inputsEmbeds.graph, { heads, keyValueHeads, headDim, ropeTheta }, numHiddenLayers);
  let h = inputsEmbeds.reshape(["rows", hiddenSize]);
  const hiddenStates = [];
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    h = llamaDecoderLayer(weights.at(`layers.${layer}`), h, config, context, layer);
    hiddenStates.push(h);
  }
  declarePresents(context);
  return { hiddenStates, lastHiddenState: rmsNorm(weights.at("norm"), h, config.rmsNormEps) };
}
