import type { SmolVLMConfig } from "@smolvlm/config";
import type { GraphBuilder } from "../graph/graph-builder.js";
import type { Weights } from "../weights/weights.js";
import { connector } from "./connector.js";
import { modelScope } from "./model-scope.js";
import { siglipVisionTransformer } from "./siglip-vision-transformer.js";

/** What a vision graph is built for. */
export interface VisionVariant {
  /** Side of the square frames in pixels. */
  readonly side: number;
  /** Whether frames may be partly padding, which needs a mask. */
  readonly isMasked: boolean;
  /** `features` for the text model, `tower` for the hidden states without the connector, or `all` of them. */
  readonly outputs: "features" | "tower" | "all";
}

/**
 * Frames → image features. Inputs: `pixel_values` float32 [images, colours, side, side], `position_ids` int64 [images, patches], and
 * where masked `patch_bias` float32 [images, patches]. Outputs: `image_features` [images, tokens, text hidden], `hidden_states.{i}`
 * (0 the embeddings) and `last_hidden_state` [images, patches, vision hidden].
 */
export function visionGraph(
  graph: GraphBuilder,
  weights: Weights,
  config: SmolVLMConfig,
  variant: VisionVariant,
): void {
  const { side, isMasked, outputs } = variant;
  const { numChannels, patchSize } = config.visionConfig;
  const patches = Math.floor(side / patchSize) ** 2;
  const model = modelScope(weights);
  const tower = siglipVisionTransformer(
    model.at("vision_model"),
    {
      pixelValues: graph.input("pixel_values", "float32", ["images", numChannels, side, side]),
      positionIds: graph.input("position_ids", "int64", ["images", patches]),
      patchBias: isMasked ? graph.input("patch_bias", "float32", ["images", patches]) : undefined,
    },
    config.visionConfig,
  );
  if (outputs !== "tower") {
    graph.output("image_features", connector(model.at("connector"), tower.lastHiddenState, config));
  }
  if (outputs !== "features") {
    graph.output("last_hidden_state", tower.lastHiddenState);
    tower.hiddenStates.forEach((hidden, layer) => graph.output(`hidden_states.${layer}`, hidden));
  }
}
