import { imageSequenceLength, readModelConfig, type SmolVLMConfig } from "@smolvlm/config";
import type { ModelFiles, ReadOptions } from "@smolvlm/contracts";
import { SmolVLMImageProcessor, type ImageProcessorOptions } from "@smolvlm/image-processor";
import {
  autoFormats,
  blockLengths,
  headFormat,
  weightFormats,
  type KvCacheDtype,
  type PartFormats,
  type WeightFormat,
} from "@smolvlm/model-core";

/** Weights of each part, counted from the configuration. */
export interface ParameterCounts {
  readonly vision: number;
  readonly connector: number;
  readonly embedding: number;
  readonly text: number;
  /** 0 where the head is the embedding. */
  readonly head: number;
  readonly total: number;
}

/** What a format costs, in bytes. */
export interface FormatEstimate {
  readonly format: WeightFormat;
  /** Weights in memory, on a CPU. The embedding table is not among them: its rows are read from the file as they are needed. */
  readonly memory: number;
  /** Converted weights written beside the checkpoint's own; 0 where it is used in place. */
  readonly disk: number;
}

/** What a picture costs. */
export interface FrameCost {
  /** Rows and columns of tiles, 0 for a picture that is one frame. */
  readonly rows: number;
  readonly cols: number;
  /** Tiles and the global frame. Each takes the vision tower the same time. */
  readonly frames: number;
  /** `<image>` tokens, which is what fills the context. */
  readonly tokens: number;
}

/** What a picture of a usual size costs. */
export interface PictureCost extends FrameCost {
  readonly width: number;
  readonly height: number;
  /** The same with the budget that was asked for. */
  readonly budgeted?: FrameCost | undefined;
}

/** Options of a report. */
export interface ReportOptions extends ReadOptions {
  /** A budget for pictures, whose effect is reported. */
  readonly imageOptions?: Pick<ImageProcessorOptions, "maxTiles" | "longestEdge"> | undefined;
}

/** What `inspect` tells of a checkpoint, without loading its weights. */
export interface ModelReport {
  readonly id: string;
  readonly config: SmolVLMConfig;
  readonly parameters: ParameterCounts;
  readonly formats: readonly FormatEstimate[];
  /** What `auto` stands for on CPUs. */
  readonly auto: PartFormats;
  /** Keys and values of one position, in each format they may be kept in. */
  readonly cacheBytesPerToken: Readonly<Record<KvCacheDtype, number>>;
  readonly pictures: readonly PictureCost[];
}

const blockBytes = { q8: 1 + 4 / blockLengths.q8, q4: 0.5 + 4 / blockLengths.q4 };

/**
 * Bytes of one weight of a linear layer, in memory and on disk: q8 and q4 have a 4-byte scale for each block, int8 one for a whole row.
 * CPUs widen fp16 when they load it.
 */
const linearBytes: Readonly<Record<WeightFormat, { readonly memory: number; readonly disk: number }>> = {
  fp32: { memory: 4, disk: 4 },
  fp16: { memory: 4, disk: 2 },
  q8: { memory: blockBytes.q8, disk: blockBytes.q8 },
  int8: { memory: 1, disk: 1 },
  q4: { memory: blockBytes.q4, disk: blockBytes.q4 },
};

/** Usual shapes: a photo of a phone, a screen, a small square. */
const pictureSizes = [
  [4032, 3024],
  [1920, 1080],
  [512, 512],
] as const;

/**
 * Reads a checkpoint's configuration and says what it needs.
 *
 * @throws ModelFileError or ConfigError when the files are not a SmolVLM checkpoint.
 */
export async function reportModel(files: ModelFiles, options: ReportOptions = {}): Promise<ModelReport> {
  const config = await readModelConfig(files, options);
  const imageProcessor = await SmolVLMImageProcessor.fromPretrained(files, options);
  const parameters = countParameters(config);
  const { visionConfig: vision, textConfig: text } = config;
  // Norms, biases, the patch convolution and the positions stay fp32 in every format.
  const linear =
    vision.numHiddenLayers * (4 * vision.hiddenSize ** 2 + 2 * vision.hiddenSize * vision.intermediateSize) +
    parameters.connector +
    text.numHiddenLayers * textLayerMatrices(config);
  // A tied output layer has the embedding's weights, and is stored for itself all the same.
  const head = parameters.embedding;
  const other = parameters.total - parameters.embedding - parameters.head - linear;
  const cached = 2 * text.numHiddenLayers * text.numKeyValueHeads;
  const cost = (width: number, height: number, budget?: ReportOptions["imageOptions"]): FrameCost => {
    const { rows, cols, patches: frames } = imageProcessor.getNumberOfImagePatches(height, width, budget);
    return { rows, cols, frames, tokens: frames * imageSequenceLength(config) };
  };
  const { maxTiles, longestEdge } = options.imageOptions ?? {};
  const hasBudget = maxTiles !== undefined || longestEdge !== undefined;
  return {
    id: files.id,
    config,
    parameters,
    formats: weightFormats.map((format) => {
      const [each, ofHead] = [linearBytes[format], linearBytes[headFormat(format)]];
      const bytes = (where: "memory" | "disk"): number =>
        Math.round(linear * each[where] + head * ofHead[where] + other * 4);
      return { format, memory: bytes("memory"), disk: format === "fp32" ? 0 : bytes("disk") };
    }),
    auto: autoFormats.cpu,
    cacheBytesPerToken: { fp32: cached * 4 * text.headDim, int8: cached * (text.headDim + 4) },
    pictures: pictureSizes.map(([width, height]) => ({
      width,
      height,
      ...cost(width, height),
      ...(hasBudget && { budgeted: cost(width, height, { maxTiles, longestEdge }) }),
    })),
  };
}

function textLayerMatrices({ textConfig: text }: SmolVLMConfig): number {
  const query = text.numAttentionHeads * text.headDim;
  const keyValue = text.numKeyValueHeads * text.headDim;
  return text.hiddenSize * (2 * query + 2 * keyValue + 3 * text.intermediateSize);
}

function countParameters(config: SmolVLMConfig): ParameterCounts {
  const { visionConfig: v, textConfig: t, scaleFactor, tieWordEmbeddings } = config;
  const layer = 4 * v.hiddenSize ** 2 + 2 * v.hiddenSize * v.intermediateSize + 9 * v.hiddenSize + v.intermediateSize;
  const positions = Math.floor(v.imageSize / v.patchSize) ** 2;
  const patches = v.hiddenSize * (v.numChannels * v.patchSize ** 2 + 1 + positions);
  const vision = v.numHiddenLayers * layer + patches + 2 * v.hiddenSize;
  const connector = t.hiddenSize * v.hiddenSize * scaleFactor ** 2;
  const embedding = t.vocabSize * t.hiddenSize;
  const text = t.numHiddenLayers * (textLayerMatrices(config) + 2 * t.hiddenSize) + t.hiddenSize;
  const head = tieWordEmbeddings ? 0 : embedding;
  return { vision, connector, embedding, text, head, total: vision + connector + embedding + text + head };
}
