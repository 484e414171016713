import { blockLengths, type ModelReport } from "smolvlm";

type Config = ModelReport["config"];

/** How the text model's matrices are stored. */
type TextFormats = Pick<ModelReport["auto"], "text" | "head">;

/**
 * Bytes of one row of a matrix as a CPU reads it: the weights of one output. Of q8 and q4, whose blocks have a 4-byte scale each, the last
 * block is full whatever is in it; fp16 is widened when it is loaded.
 */
const bytesOfRow: Readonly<Record<TextFormats["text"], (columns: number) => number>> = {
  fp32: (columns) => 4 * columns,
  fp16: (columns) => 4 * columns,
  int8: (columns) => columns + 4,
  q8: (columns) => Math.ceil(columns / blockLengths.q8) * (blockLengths.q8 + 4),
  q4: (columns) => Math.ceil(columns / blockLengths.q4) * (blockLengths.q4 / 2 + 4),
};

/**
 * Bytes that one token must read at least on a CPU: every weight of the text model but the embedding table, of which it reads one row,
 * and the keys and values of `context` positions.
 */
export function bytesPerToken(config: Config, { text, head }: TextFormats, context: number): number {
  const { hiddenSize, vocabSize, numHiddenLayers, numKeyValueHeads, headDim } = config.textConfig;
  const layer = sum(textLayerMatrices(config).map(([rows, columns]) => rows * bytesOfRow[text](columns)));
  const matrices = numHiddenLayers * layer + vocabSize * bytesOfRow[head](hiddenSize);
  // The norms of each layer, the last one, and the token's row of the embedding.
  const vectors = (2 * numHiddenLayers + 2) * hiddenSize;
  const keysAndValues = 2 * numHiddenLayers * numKeyValueHeads * headDim * context;
  return matrices + 4 * (vectors + keysAndValues);
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

function textLayerWeights(config: Config): number {
  return config.textConfig.numHiddenLayers * sum(textLayerMatrices(config).map(([rows, columns]) => rows * columns));
}

/** [outputs, inputs] of the matrices of one layer of the text model. */
export function textLayerMatrices({ textConfig }: Config): readonly (readonly [rows: number, columns: number])[] {
  const { hiddenSize, intermediateSize, numAttentionHeads, numKeyValueHeads, headDim } = textConfig;
  const [queries, keys] = [numAttentionHeads * headDim, numKeyValueHeads * headDim];
  return [
    [queries + 2 * keys, hiddenSize],
    [hiddenSize, queries],
    [2 * intermediateSize, hiddenSize],
    [hiddenSize, intermediateSize],
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
