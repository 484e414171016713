import * as v from "valibot";
import { check, fieldError, type Place } from "./check.js";
import { fields, flag, integer, list, optional, positive, real, text, tokenId } from "./fields.js";
import { MAX_LAYERS, MAX_POSITIONS, MAX_STOP_TOKENS, MAX_VOCABULARY, MAX_WIDTH } from "./limits.js";

/** The Llama decoder, `text_config` of `config.json`. Fields that a file omits have the defaults of `LlamaConfig`. */
export interface SmolVLMTextConfig {
  readonly vocabSize: number;
  /** Channels of a token. */
  readonly hiddenSize: number;
  /** Channels inside the feed-forward part. */
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** Heads of keys and values; each serves `numAttentionHeads / numKeyValueHeads` query heads. */
  readonly numKeyValueHeads: number;
  /** Channels of a head; `numAttentionHeads · headDim` need not be `hiddenSize`. */
  readonly headDim: number;
  readonly hiddenAct: "silu";
  readonly rmsNormEps: number;
  /** Base of the rotary position frequencies. */
  readonly ropeTheta: number;
  /** Context length in tokens. */
  readonly maxPositionEmbeddings: number;
  readonly padTokenId: number | undefined;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | readonly number[] | undefined;
}

const rope = optional(
  fields({
    rope_type: optional(text()),
    type: optional(text()),
    rope_theta: optional(positive()),
    partial_rotary_factor: optional(positive()),
  }),
);

/** Llama files write −1 for "none" too. */
const tokenIdOrNone = integer(-1, MAX_VOCABULARY - 1);

const schema = fields({
  model_type: optional(text()),
  vocab_size: v.optional(integer(1, MAX_VOCABULARY), 32_000),
  hidden_size: v.optional(integer(1, MAX_WIDTH), 4096),
  intermediate_size: v.optional(integer(1, MAX_WIDTH), 11_008),
  num_hidden_layers: v.optional(integer(1, MAX_LAYERS), 32),
  num_attention_heads: v.optional(integer(1, MAX_WIDTH), 32),
  num_key_value_heads: optional(integer(1, MAX_WIDTH)),
  head_dim: optional(integer(1, MAX_WIDTH)),
  hidden_act: v.optional(text(), "silu"),
  rms_norm_eps: v.optional(real(0, 1), 1e-6),
  max_position_embeddings: v.optional(integer(1, MAX_POSITIONS), 2048),
  rope_theta: optional(positive()),
  rope_parameters: rope,
  rope_scaling: rope,
  partial_rotary_factor: optional(positive()),
  attention_bias: optional(flag()),
  mlp_bias: optional(flag()),
  pad_token_id: optional(tokenIdOrNone),
  // A missing field has the class default, null means that there is no such token.
  bos_token_id: v.optional(v.nullable(tokenIdOrNone), 1),
  eos_token_id: v.optional(
    v.nullable(
      v.union([tokenIdOrNone, list(tokenId(), MAX_STOP_TOKENS, "token ids")], "a token id, or an array of them"),
    ),
    2,
  ),
});

/**
 * The text model's configuration from the value of `text_config`. Both the flat `rope_theta` of transformers 4 and the nested
 * `rope_parameters` of transformers 5 are read.
 *
 * @throws ConfigError for a wrong field, and for what is not supported: a `model_type` other than `llama`, an activation other
 * than `silu`, rotary scaling, biases.
 */
export function parseTextConfig(json: unknown, file = "config.json", at = "text_config"): SmolVLMTextConfig {
  const place: Place = { file, at };
  const raw = check(schema, json, place);
  if (raw.model_type !== undefined && raw.model_type !== "llama") {
    throw fieldError(place, "model_type", '"llama" (the only text model supported)', raw.model_type);
  }
  if (raw.hidden_act !== "silu" && raw.hidden_act !== "swish") {
    throw fieldError(place, "hidden_act", '"silu" (the only activation supported)', raw.hidden_act);
  }
  if (raw.attention_bias === true) throw fieldError(place, "attention_bias", "false (biases are not supported)", true);
  if (raw.mlp_bias === true) throw fieldError(place, "mlp_bias", "false (biases are not supported)", true);
  const heads = raw.num_attention_heads;
  const keyValueHeads = raw.num_key_value_heads ?? heads;
  if (heads % keyValueHeads !== 0) {
    throw fieldError(place, "num_key_value_heads", `a divisor of num_attention_heads ${heads}`, keyValueHeads);
  }
  if (raw.head_dim === undefined && raw.hidden_size % heads !== 0) {
    throw fieldError(place, "num_attention_heads", `a divisor of hidden_size ${raw.hidden_size}`, heads);
  }
  const headDim = raw.head_dim ?? raw.hidden_size / heads;
  if (headDim % 2 !== 0) {
    throw fieldError(place, "head_dim", "an even number (rotary positions turn pairs of channels)", headDim);
  }
  return {
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    numHiddenLayers: raw.num_hidden_layers,
    numAttentionHeads: heads,
    numKeyValueHeads: keyValueHeads,
    headDim,
    hiddenAct: "silu",
    rmsNormEps: raw.rms_norm_eps,
    ropeTheta: ropeTheta(raw, place),
    maxPositionEmbeddings: raw.max_position_embeddings,
    padTokenId: someTokenId(raw.pad_token_id),
    bosTokenId: someTokenId(raw.bos_token_id),
    eosTokenId: typeof raw.eos_token_id === "object" ? (raw.eos_token_id ?? undefined) : someTokenId(raw.eos_token_id),
  };
}

function someTokenId(id: number | null | undefined): number | undefined {
  return id === null || id === -1 ? undefined : id;
}

/** The reference's order: `rope_scaling`, where it is not empty, replaces `rope_parameters`, and either's own theta comes before the flat one. */
function ropeTheta(raw: v.InferOutput<typeof schema>, place: Place): number {
  const name = raw.rope_scaling === undefined ? "rope_parameters" : "rope_scaling";
  const parameters = raw.rope_scaling ?? raw.rope_parameters;
  const kind = parameters?.rope_type ?? parameters?.type ?? "default";
  if (kind !== "default") {
    throw fieldError(place, `${name}.rope_type`, '"default" (rotary scaling is not supported)', kind);
  }
  const factor = parameters?.partial_rotary_factor ?? raw.partial_rotary_factor ?? 1;
  if (factor !== 1)
    throw fieldError(place, "partial_rotary_factor", "1 (partial rotary positions are not supported)", factor);
  return parameters?.rope_theta ?? raw.rope_theta ?? 10_000;
}
