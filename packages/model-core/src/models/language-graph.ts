import type { SmolVLMConfig } from "@smolvlm/config";
import type { GraphBuilder } from "../graph/graph-builder.js";
import { outputProjection } from "../ops/linear.js";
import { rowsOf } from "../ops/rows-of.js";
import type { Weights } from "../weights/weights.js";
import { llamaModel } from "./llama-model.js";
import { modelScope } from "./model-scope.js";

/** What a language graph gives: `logits` of chosen rows, the `hidden` states, or `all`. */
export type LanguageOutputs = "logits" | "hidden" | "all";

/**
 * Input embeddings → logits, hidden states, and the new rows of the cache. Inputs: `inputs_embeds` float32 [batch, sequence, hidden],
 * `logits_rows` int64 [wanted] (indices into batch · sequence) where there are logits, and those of the causal attention. Outputs:
 * `logits` [wanted, vocab]; `hidden_states.{i}` (1-based, the output of layer i) and `last_hidden_state` [batch · sequence, hidden]; and
 * those of the causal attention.
 */
export function languageGraph(
  graph: GraphBuilder,
  weights: Weights,
  config: SmolVLMConfig,
  outputs: LanguageOutputs,
): void {
  const { hiddenSize, vocabSize } = config.textConfig;
  const model = modelScope(weights).at("text_model");
  const inputsEmbeds = graph.input("inputs_embeds", "float32", ["batch", "sequence", hiddenSize]);
  const decoder = llamaModel(model, inputsEmbeds, config.textConfig);
  if (outputs !== "hidden") {
    const isTied = config.tieWordEmbeddings && !weights.has("lm_head.weight");
    const wanted = rowsOf(decoder.lastHiddenState, graph.input("logits_rows", "int64", ["wanted"]));
    const head = isTied ? model.at("embed_tokens") : weights.at("lm_head");
    graph.output("logits", outputProjection(head, wanted, vocabSize));
  }
  if (outputs !== "logits") {
    graph.output("last_hidden_state", decoder.lastHiddenState);
    decoder.hiddenStates.forEach((hidden, layer) => graph.output(`hidden_states.${layer + 1}`, hidden));
  }
}
