import type { SmolVLMVisionConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import { layerNorm } from "../ops/normalization.js";
import { patchEmbedding } from "../ops/patch-embedding.js";
import { embedding } from "../ops/rows-of.js";
import type { Weights } from "../weights/weights.js";
import { siglipEncoderLayer } from "./siglip-encoder-layer.js";

/** What the tower looks at. */
export interface SiglipInputs {
  /** [images, colours, side, side]. */
  readonly pixelValues: Value;
  /** Index of each patch's position embedding [images, patches]. */
  readonly positionIds: Value;
  /** [images, patches], for frames that are partly padding. */
  readonly patchBias?: Value | undefined;
}

/** What the tower makes of it, all [images, patches, hidden]. */
export interface SiglipOutputs {
  /** The embeddings, then the output of each layer. */
  readonly hiddenStates: readonly Value[];
  /** The output of the last layer, normalised. */
  readonly lastHiddenState: Value;
}

/** The SigLIP tower: patches and positions, the encoder's layers, a final norm. */
export function siglipVisionTransformer(
  weights: Weights,
  { pixelValues, positionIds, patchBias }: SiglipInputs,
  config: SmolVLMVisionConfig,
): SiglipOutputs {
  const { hiddenSize, patchSize } = config;
  const positions = Math.floor(config.imageSize / patchSize) ** 2;
  const embeddings = weights.at("embeddings");
  const patches = patchEmbedding(embeddings.at("patch_embedding"), pixelValues, hiddenSize, patchSize);
  let h = patches.add(embedding(embeddings.at("position_embedding"), positionIds, positions, hiddenSize));
  const hiddenStates = [h];
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    h = siglipEncoderLayer(weights.at(`encoder.layers.${layer}`), h, config, patchBias);
    hiddenStates.push(h);
  }
  return { hiddenStates, lastHiddenState: layerNorm(weights.at("post_layernorm"), h, config.layerNormEps) };
}
