import type { SmolVLMTextConfig } from "@smolvlm/config";
import type { Value } from "../graph/value.js";
import type { CausalContext } from "../ops/causal-attention.js";
import { rmsNorm } from "../ops/normalization.js";
import type { Weights } from "../weights/weights.js";
import { llamaAttention } from "./llama-attention.js";
import { llamaMlp } from "./llama-mlp.js";

/** One pre-norm Llama block. `x` is [rows, hidden]; `layer` says which part of the cache is its own. */
export function llamaDecoderLayer(
  weights: Weights,
  x: Value,
  config: SmolVLMTextConfig,
  context: CausalContext,
  layer: number,
): Value {
  const { rmsNormEps } = config;
  const input = rmsNorm(weights.at("input_layernorm"), x, rmsNormEps);
  const h = x.add(llamaAttention(weights.at("self_attn"), input, config, context, layer));
  return h.add(llamaMlp(weights.at("mlp"), rmsNorm(weights.at("post_attention_layernorm"), h, rmsNormEps), config));
}
