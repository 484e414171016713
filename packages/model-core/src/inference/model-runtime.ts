import { imageSequenceLength, readModelConfig, type SmolVLMConfig } from "@smolvlm/config";
import {
  InvalidArgumentError,
  type Backend,
  type ByteStore,
  type KeyValueCacheLayout,
  type ModelFiles,
  type Tensor,
} from "@smolvlm/contracts";
import { languageGraph, type LanguageOutputs } from "../models/language-graph.js";
import { modelScope } from "../models/model-scope.js";
import { openCheckpoint } from "../weights/checkpoint.js";
import { memoryByteStore } from "../weights/memory-byte-store.js";
import { Weights } from "../weights/weights.js";
import { assignImageFeatures } from "./assign-image-features.js";
import { resolveDtype, type ModelDtype, type ModelFormats } from "./dtype.js";
import { EmbeddingTable } from "./embedding-table.js";
import { fedFrames, realFrames, type Frame, type FrameSequence } from "./frames.js";
import { GraphLoader, type BuiltGraph, type LoadProgress } from "./graph-loader.js";
import { LanguageRunner } from "./language-runner.js";
import type { ModelCallInputs } from "./model-call-inputs.js";
import { PromptTooLongError } from "./prompt-too-long-error.js";
import { promptRows, type PromptRow } from "./prompt-row.js";
import { SessionPool } from "./session-pool.js";
import { VisionEncoder, type VisionOutputs } from "./vision-encoder.js";

/** Options of `fromPretrained`. */
export interface FromPretrainedOptions extends LoadProgress {
  /** Runs the graphs. It stays the caller's: disposing the model leaves it alone. */
  readonly backend: Backend;
  /** How the matrices are stored; `fp32` by default. */
  readonly dtype?: ModelDtype | undefined;
  /** Where converted weights are kept for the next time; by default in memory, as long as the model. */
  readonly store?: ByteStore | undefined;
}

/** A batch that is checked and whose frames are encoded. */
export interface PreparedBatch {
  readonly rows: readonly PromptRow[];
  /** [frames, tokens, hidden]; undefined where there are no frames. */
  readonly features?: Tensor<"float32"> | undefined;
  /** The outputs of the vision tower, where there are frames. */
  readonly vision?: VisionOutputs | undefined;
}

/** Both towers of one checkpoint on one backend. */
export class ModelRuntime {
  readonly config: SmolVLMConfig;
  readonly vision: VisionEncoder;
  readonly #loader: GraphLoader;
  readonly #formats: ModelFormats;
  readonly #table: EmbeddingTable;
  readonly #language = new SessionPool();

  private constructor(loader: GraphLoader, config: SmolVLMConfig, formats: ModelFormats) {
    const { vocabSize, hiddenSize } = config.textConfig;
    const table = modelScope(loader.weights).at("text_model.embed_tokens").param("weight", [vocabSize, hiddenSize]);
    this.config = config;
    this.vision = new VisionEncoder(loader, config, formats.vision);
    this.#loader = loader;
    this.#formats = formats;
    this.#table = new EmbeddingTable(table);
  }

  /**
   * Builds both graphs, checks that they use every tensor, and loads them.
   *
   * @param outputs what the language graph is to give; `hidden` makes it a base model, which has no use for `lm_head`.
   */
  static async load(
    files: ModelFiles,
    options: FromPretrainedOptions,
    outputs: LanguageOutputs,
  ): Promise<ModelRuntime> {
    const { loader, config, formats } = await openLoader(files, options);
    const runtime = new ModelRuntime(loader, config, formats);
    const vision = runtime.vision.build("features");
    const language = runtime.#buildLanguage(outputs);
    if (outputs !== "hidden") loader.weights.checkAllUsed();
    else
      for (const part of ["vision_model", "connector", "text_model"])
        modelScope(loader.weights).at(part).checkAllUsed();
    try {
      await runtime.vision.load(vision, "features", options);
      await runtime.#language.get(outputs, () => loader.load(language, options));
      return runtime;
    } catch (error) {
      await runtime[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The decoder with these outputs, loaded when it is first asked for. */
  async language(outputs: LanguageOutputs): Promise<LanguageRunner> {
    const session = await this.#language.get(outputs, async () => this.#loader.load(this.#buildLanguage(outputs)));
    return new LanguageRunner(session, this.#table, this.config.textConfig);
  }

  /**
   * Checks a batch and encodes its frames.
   *
   * @param maxNewTokens for which there must be room behind every row.
   * @throws PromptTooLongError, ImageTokenError, InvalidArgumentError before anything is computed.
   */
  async prepare(
    inputs: ModelCallInputs,
    { outputHiddenStates = false, maxNewTokens = 0 }: { outputHiddenStates?: boolean; maxNewTokens?: number } = {},
  ): Promise<PreparedBatch> {
    const { pixelValues, pixelAttentionMask, imageFeatures } = inputs;
    checkOneKind(inputs);
    const rows = promptRows(inputs, this.config.textConfig.vocabSize);
    this.checkLengths(
      rows.map(({ ids }) => ids),
      maxNewTokens,
    );
    if (imageFeatures) return { rows: this.#assignGiven(rows, imageFeatures), features: imageFeatures };
    if (inputs.frames) {
      const frames = fedFrames(inputs.frames, this.config);
      const assigned = assignImageFeatures(rows, this.config, frames.length, imageSequenceLength(this.config));
      const vision = await this.encode(frames, outputHiddenStates, inputs);
      return { rows: assigned, features: vision["image_features"], vision };
    }
    if (!pixelValues) return { rows };
    const frames = realFrames(pixelValues, pixelAttentionMask, this.config);
    const assigned = assignImageFeatures(rows, this.config, frames.length, this.#tokensOf(frames));
    const vision = await this.encode(frames, outputHiddenStates, inputs);
    return { rows: assigned, features: vision["image_features"], vision };
  }

  /** @throws PromptTooLongError when a prompt and `maxNewTokens` behind it do not fit in the context. */
  checkLengths(prompts: readonly Int32Array[], maxNewTokens: number): void {
    const contextLength = this.config.textConfig.maxPositionEmbeddings;
    prompts.forEach(({ length: promptLength }, row) => {
      if (promptLength + maxNewTokens <= contextLength) return;
      throw new PromptTooLongError({ row, promptLength, maxNewTokens, contextLength });
    });
  }

  /** Frames → the outputs of the vision graph; without frames none. */
  encode(frames: FrameSequence, outputHiddenStates: boolean, options: LoadProgress): Promise<VisionOutputs> {
    return outputHiddenStates
      ? this.vision.encode(frames, "all", ["image_features", ...this.vision.stateNames], options)
      : this.vision.encode(frames, "features", ["image_features"], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vision[Symbol.asyncDispose]();
    await this.#language[Symbol.asyncDispose]();
  }

  #buildLanguage(outputs: LanguageOutputs): BuiltGraph {
    const { numHiddenLayers, numKeyValueHeads, headDim, maxPositionEmbeddings } = this.config.textConfig;
    const cache: KeyValueCacheLayout = {
      layers: numHiddenLayers,
      keyValueHeads: numKeyValueHeads,
      headDim,
      maxLength: maxPositionEmbeddings,
    };
    return this.#loader.build(
      "language",
      this.#formats.text,
      (graph, weights) => languageGraph(graph, weights, this.config, outputs),
      cache,
    );
  }

  #tokensOf(frames: readonly Frame[]): number {
    const { patchSize } = this.config.visionConfig;
    const side = frames[0]?.side;
    if (side === undefined) return imageSequenceLength(this.config);
    return (Math.floor(side / patchSize) / this.config.scaleFactor) ** 2;
  }

  #assignGiven(rows: readonly PromptRow[], features: Tensor<"float32">): readonly PromptRow[] {
    const [frames = 0, tokens = 0, hidden] = features.dims;
    const { hiddenSize } = this.config.textConfig;
    if (features.dims.length !== 3 || hidden !== hiddenSize || tokens < 1) {
      const found = `[${features.dims.join(", ")}]`;
      throw new InvalidArgumentError({ argument: "imageFeatures", expected: `[frames, tokens, ${hiddenSize}]`, found });
    }
    return assignImageFeatures(rows, this.config, frames, tokens);
  }
}

/** @throws InvalidArgumentError when frames are given in more than one of the ways there are. */
function checkOneKind({ pixelValues, frames, imageFeatures }: ModelCallInputs): void {
  const given = Object.entries({ pixelValues, frames, imageFeatures }).flatMap(([name, value]) =>
    value ? [name] : [],
  );
  if (given.length < 2) return;
  throw new InvalidArgumentError({
    argument: given.join(", "),
    expected: "one of pixelValues, frames and imageFeatures",
    found: String(given.length),
  });
}

/** Reads what says how a model is built, and nothing of its weights but the headers. */
export async function openLoader(
  files: ModelFiles,
  options: FromPretrainedOptions,
): Promise<{ loader: GraphLoader; config: SmolVLMConfig; formats: ModelFormats }> {
  const { backend, dtype, store = memoryByteStore(), signal, onProgress } = options;
  const formats = resolveDtype(dtype, backend.target);
  const config = await readModelConfig(files, { signal });
  const weights = Weights.of(await openCheckpoint(files, { signal, onProgress }));
  return { loader: new GraphLoader({ backend, store, revision: files.revision, weights }), config, formats };
}
