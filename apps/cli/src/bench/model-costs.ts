import type { ModelReport } from "smolvlm";

type Config = ModelReport["config"];

/** Bytes of one weight of a matrix as it is read, blocks of 32 values with a 4-byte scale among them. */
const bytesPerWeight: Readonly<Record<string, number>> = {
  fp32: 4,
  fp16: 4,
  int8: 1,
  q8: 1 + 4 / 32,
  q4: 0.5 + 4 / 32,
};

/**
 * Bytes that one token must read at least: every weight of the text model but the embedding table, of which it reads one row, and the
 * keys and values of `context` positions.
 *
 * @param format of the matrices; undefined where it has no known size.
 */
export function bytesPerToken(config: Config, format: string, context: number): number | undefined {
  const { hiddenSize, vocabSize, numHiddenLayers, numKeyValueHeads, headDim } = config.textConfig;
  const perWeight = bytesPerWeight[format];
  if (perWeight === undefined) return undefined;
  const matrices = textLayerWeights(config) + hiddenSize * vocabSize;
  const vectors = (2 * numHiddenLayers + 2) * hiddenSize;
  const keysAndValues = 2 * numHiddenLayers * numKeyValueHeads * headDim * context;
  return perWeight * matrices + 4 * (vectors + keysAndValues);
}

/** Multiplications and additions of reading `tokens` tokens of a prompt at once, of which only the last has logits. */
export function operationsOfPrompt(config: Config, tokens: number): number {
  const { hiddenSize, vocabSize, numHiddenLayers, numAttentionHeads, headDim } = config.textConfig;
  // Every token looks at half of the others on average, once for the scores and once for the values.
  const attention = numHiddenLayers * tokens * tokens * numAttentionHeads * headDim;
  return 2 * (tokens * textLayerWeights(config) + attention + hiddenSize * vocabSize);
}

/** Multiplications and additions of one frame in the vision tower and the connector. */
export function operationsOfFrame({ visionConfig, textConfig }: Config): number {
  const { hiddenSize, intermediateSize, patchSize, imageSize, numHiddenLayers, numChannels } = visionConfig;
  const patches = Math.floor(imageSize / patchSize) ** 2;
  const layer = patches * (4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize) + 2 * patches ** 2 * hiddenSize;
  const embedding = patches * hiddenSize * numChannels * patchSize ** 2;
  const connector = patches * hiddenSize * textConfig.hiddenSize;
  return 2 * (numHiddenLayers * layer + embedding + connector);
}

function textLayerWeights({ textConfig }: Config): number {
  const { hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads, numKeyValueHeads, headDim } = textConfig;
  const attention = 2 * hiddenSize * headDim * (numAttentionHeads + numKeyValueHeads);
  return numHiddenLayers * (attention + 3 * hiddenSize * intermediateSize);
}
