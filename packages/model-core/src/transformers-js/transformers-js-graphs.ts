import type { SmolVLMConfig } from "@smolvlm/config";
import type { GraphBuilder } from "../graph/graph-builder.js";
import { connector } from "../models/connector.js";
import { llamaModel } from "../models/llama-model.js";
import { modelScope } from "../models/model-scope.js";
import { siglipVisionTransformer } from "../models/siglip-vision-transformer.js";
import { outputProjection } from "../ops/linear.js";
import { patchPositions } from "../ops/patch-positions.js";
import { halfEmbedding, quantizedEmbedding } from "../ops/quantized-embedding.js";
import { realFrames } from "../ops/real-frames.js";
import { embedding } from "../ops/rows-of.js";
import type { Weights } from "../weights/weights.js";

/** Writes one of the three graphs into a builder. */
export type DescribeGraph = (graph: GraphBuilder, weights: Weights, config: SmolVLMConfig) => void;

/**
 * The graphs that transformers.js runs, by the names of their files; inputs and outputs are those of the exports on the Hugging Face
 * Hub. The names of sizes matter: transformers.js makes the first, empty cache from them.
 */
export const transformersJsGraphs: Readonly<
  Record<"vision_encoder" | "embed_tokens" | "decoder_model_merged", DescribeGraph>
> = {
  /**
   * `pixel_values` float32 [batch, frames, colours, side, side] and `pixel_attention_mask` bool [batch, frames, side, side] →
   * `image_features` [real frames, tokens, text hidden]. Frames that only fill samples up are left out.
   */
  vision_encoder(graph, weights, config) {
    const { numChannels, imageSize: side, patchSize } = config.visionConfig;
    const values = graph.input("pixel_values", "float32", ["batch", "num_images", numChannels, side, side]);
    const mask = graph.input("pixel_attention_mask", "bool", ["batch", "num_images", side, side]);
    const { pixelValues, pixelMask } = realFrames(
      values.reshape(["frames", numChannels, side, side]),
      mask.reshape(["frames", side, side]),
    );
    const model = modelScope(weights);
    const positions = patchPositions(pixelMask, side, patchSize);
    const tower = siglipVisionTransformer(model.at("vision_model"), { pixelValues, ...positions }, config.visionConfig);
    graph.output("image_features", connector(model.at("connector"), tower.lastHiddenState, config));
  },

  /** `input_ids` int64 [batch, sequence] → `inputs_embeds` float32 [batch, sequence, hidden]. */
  embed_tokens(graph, weights, { textConfig: { vocabSize, hiddenSize } }) {
    const ids = graph.input("input_ids", "int64", ["batch", "sequence"]);
    const table = modelScope(weights).at("text_model.embed_tokens");
    const embed = { fp32: embedding, fp16: halfEmbedding }[String(graph.formats.linear)] ?? quantizedEmbedding;
    graph.output("inputs_embeds", embed(table, ids, vocabSize, hiddenSize));
  },

  /**
   * `inputs_embeds` float32 [batch, sequence, hidden] and the inputs of a joined cache → `logits` float32 [batch, sequence, vocab] and
   * the joined cache.
   */
  decoder_model_merged(graph, weights, { textConfig, tieWordEmbeddings }) {
    const { hiddenSize, vocabSize } = textConfig;
    const model = modelScope(weights).at("text_model");
    const embeds = graph.input("inputs_embeds", "float32", ["batch", "sequence", hiddenSize]);
    const { lastHiddenState } = llamaModel(model, embeds, textConfig);
    const isTied = tieWordEmbeddings && !weights.has("lm_head.weight");
    const head = isTied ? model.at("embed_tokens") : weights.at("lm_head");
    graph.output(
      "logits",
      outputProjection(head, lastHiddenState, vocabSize).reshape(["batch", "sequence", vocabSize]),
    );
  },
};
