/** The published shapes that can be made; every number is in the models' `config.json` or a class default of the reference. */
export const SHAPES = {
  "256M": { hidden: 576, inner: 1536, layers: 30, heads: 9, keyValueHeads: 3 },
  "500M": { hidden: 960, inner: 2560, layers: 32, heads: 15, keyValueHeads: 5 },
};

const VISION = { hidden: 768, inner: 3072, layers: 12, heads: 12, patch: 16, side: 512 };
const VOCABULARY = 49280;
const HEAD_DIM = 64;
const SCALE_FACTOR = 4;

/**
 * `config.json` of a SmolVLM2 of this shape.
 *
 * @param {{ shape: keyof typeof SHAPES, layers?: number, visionLayers?: number }} options fewer layers for a quick try.
 */
export function modelConfig({ shape, layers, visionLayers }) {
  const text = SHAPES[shape];
  return {
    architectures: ["SmolVLMForConditionalGeneration"],
    model_type: "smolvlm",
    image_token_id: 49190,
    pad_token_id: 2,
    scale_factor: SCALE_FACTOR,
    tie_word_embeddings: false,
    torch_dtype: "float32",
    vocab_size: VOCABULARY,
    text_config: {
      model_type: "llama",
      vocab_size: VOCABULARY,
      hidden_size: text.hidden,
      intermediate_size: text.inner,
      num_hidden_layers: layers ?? text.layers,
      num_attention_heads: text.heads,
      num_key_value_heads: text.keyValueHeads,
      head_dim: HEAD_DIM,
      rope_theta: 100000,
      max_position_embeddings: 8192,
      rms_norm_eps: 1e-5,
      pad_token_id: 2,
    },
    vision_config: {
      model_type: "smolvlm_vision",
      hidden_size: VISION.hidden,
      intermediate_size: VISION.inner,
      num_hidden_layers: visionLayers ?? VISION.layers,
      num_attention_heads: VISION.heads,
      image_size: VISION.side,
      patch_size: VISION.patch,
    },
  };
}

/**
 * The checkpoint's tensors in order, each with its key and shape.
 *
 * @param {ReturnType<typeof modelConfig>} config
 * @returns {{ key: string, shape: number[] }[]}
 */
export function checkpointTensors(config) {
  return [...visionTensors(config), ...textTensors(config)];
}

function visionTensors({ vision_config: vision, text_config: text, scale_factor: scale }) {
  const { hidden_size: hidden, intermediate_size: inner, patch_size: patch, image_size: side } = vision;
  const model = "model.vision_model";
  const layers = Array.from({ length: vision.num_hidden_layers }, (_, layer) => {
    const at = `${model}.encoder.layers.${layer}`;
    return [
      ...norm(`${at}.layer_norm1`, hidden),
      ...["q_proj", "k_proj", "v_proj", "out_proj"].flatMap((name) =>
        biased(`${at}.self_attn.${name}`, hidden, hidden),
      ),
      ...norm(`${at}.layer_norm2`, hidden),
      ...biased(`${at}.mlp.fc1`, inner, hidden),
      ...biased(`${at}.mlp.fc2`, hidden, inner),
    ];
  });
  return [
    { key: `${model}.embeddings.patch_embedding.weight`, shape: [hidden, 3, patch, patch] },
    { key: `${model}.embeddings.patch_embedding.bias`, shape: [hidden] },
    { key: `${model}.embeddings.position_embedding.weight`, shape: [Math.floor(side / patch) ** 2, hidden] },
    ...layers.flat(),
    ...norm(`${model}.post_layernorm`, hidden),
    { key: "model.connector.modality_projection.proj.weight", shape: [text.hidden_size, hidden * scale ** 2] },
  ];
}

function textTensors({ text_config: text }) {
  const { hidden_size: hidden, intermediate_size: inner, vocab_size: vocabulary, head_dim: headDim } = text;
  const model = "model.text_model";
  const query = text.num_attention_heads * headDim;
  const keyValue = text.num_key_value_heads * headDim;
  const layers = Array.from({ length: text.num_hidden_layers }, (_, layer) => {
    const at = `${model}.layers.${layer}`;
    return [
      { key: `${at}.input_layernorm.weight`, shape: [hidden] },
      { key: `${at}.self_attn.q_proj.weight`, shape: [query, hidden] },
      { key: `${at}.self_attn.k_proj.weight`, shape: [keyValue, hidden] },
      { key: `${at}.self_attn.v_proj.weight`, shape: [keyValue, hidden] },
      { key: `${at}.self_attn.o_proj.weight`, shape: [hidden, query] },
      { key: `${at}.post_attention_layernorm.weight`, shape: [hidden] },
      { key: `${at}.mlp.gate_proj.weight`, shape: [inner, hidden] },
      { key: `${at}.mlp.up_proj.weight`, shape: [inner, hidden] },
      { key: `${at}.mlp.down_proj.weight`, shape: [hidden, inner] },
    ];
  });
  return [
    { key: `${model}.embed_tokens.weight`, shape: [vocabulary, hidden] },
    ...layers.flat(),
    { key: `${model}.norm.weight`, shape: [hidden] },
    { key: "lm_head.weight", shape: [vocabulary, hidden] },
  ];
}

function norm(key, channels) {
  return ["weight", "bias"].map((part) => ({ key: `${key}.${part}`, shape: [channels] }));
}

function biased(key, features, inFeatures) {
  return [
    { key: `${key}.weight`, shape: [features, inFeatures] },
    { key: `${key}.bias`, shape: [features] },
  ];
}
