import { imageSequenceLength, readModelConfig, type SmolVLMConfig } from "@smolvlm/config";
import {
  InvalidArgumentError,
  tensor,
  type Backend,
  type ByteStore,
  type KeyValueCacheLayout,
  type ModelFiles,
  type Tensor,
} from "@smolvlm/contracts";
import { readManifest } from "../converted/converted-manifest.js";
import type { KvCacheDtype } from "../graph/graph-builder.js";
import { languageGraph, type LanguageOutputs } from "../models/language-graph.js";
import { modelScope } from "../models/model-scope.js";
import { PRESENT } from "../ops/past-names.js";
import { openCheckpoint } from "../weights/checkpoint.js";
import type { RowsConverter } from "../weights/convert-rows.js";
import { memoryByteStore } from "../weights/memory-byte-store.js";
import { Weights } from "../weights/weights.js";
import { assignImageFeatures } from "./assign-image-features.js";
import {
  graphFormats,
  resolveDtype,
  resolveKvCacheDtype,
  type ModelDtype,
  type ModelFormats,
  type PartFormats,
} from "./dtype.js";
import { EmbeddingTable } from "./embedding-table.js";
import { fedFrames, realFrames, type Frame, type FrameSequence } from "./frames.js";
import { GraphLoader, type ConversionCheck, type LoadProgress } from "./graph-loader.js";
import type { GraphPlan } from "./graph-plan.js";
import { LanguageRunner } from "./language-runner.js";
import type { ModelCallInputs } from "./model-call-inputs.js";
import { PromptTooLongError } from "./prompt-too-long-error.js";
import { promptRows, type PromptRow } from "./prompt-row.js";
import { SessionPool } from "./session-pool.js";
import { tokensOfFrame } from "./tokens-of-frame.js";
import { VisionCache, type VisionCacheOptions } from "./vision-cache.js";
import { VisionEncoder, type VisionOutputs } from "./vision-encoder.js";

/** Options of `fromPretrained`. */
export interface FromPretrainedOptions extends LoadProgress {
  /** Runs the graphs. It stays the caller's: disposing the model leaves it alone. */
  readonly backend: Backend;
  /** How the matrices are stored; `fp32` by default, or what the folder was converted to. */
  readonly dtype?: ModelDtype | undefined;
  /**
   * How a text model's past keys and values are kept; `fp32` by default. `int8` (one scale for each position of each head) takes a quarter of the
   * memory and changes answers a little: for long contexts and many rows. Not on WebGPU.
   */
  readonly kvCacheDtype?: KvCacheDtype | undefined;
  /** Where converted weights are kept for the next time; by default in memory, as long as the model. */
  readonly store?: ByteStore | undefined;
  /** How the features of frames are kept for when they are seen again, 64 MiB in memory by default; false for not at all. */
  readonly visionCache?: VisionCacheOptions | false | undefined;
  /** Converts weights elsewhere than in this thread; it stays the caller's. */
  readonly converter?: RowsConverter | undefined;
  /** Checks each graph as a whole after its weights were converted, such as `probeConversion`; by default the matrices alone are checked. */
  readonly check?: ConversionCheck | undefined;
  /** The checkpoint that a converted folder was made from; then `check` compares the two. */
  readonly original?: ModelFiles | undefined;
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
  /** What the wish for a `dtype` became on this backend. */
  readonly formats: PartFormats;
  readonly vision: VisionEncoder;
  readonly #loader: GraphLoader;
  readonly #formats: ModelFormats;
  readonly #table: EmbeddingTable;
  readonly #language = new SessionPool();

  private constructor(
    loader: GraphLoader,
    config: SmolVLMConfig,
    parts: PartFormats,
    formats: ModelFormats,
    visionCache: VisionCache | undefined,
  ) {
    const { vocabSize, hiddenSize } = config.textConfig;
    const table = modelScope(loader.weights).at("text_model.embed_tokens").numbers("weight", [vocabSize, hiddenSize]);
    this.config = config;
    this.formats = parts;
    this.vision = new VisionEncoder(loader, config, formats.vision, visionCache);
    this.#loader = loader;
    this.#formats = formats;
    this.#table = new EmbeddingTable(table);
  }

  /**
   * Builds both graphs, checks that they use every tensor, and loads them; graphs that were kept are not built again. Where the vision tower
   * loads at once, the first frames do that: a model that is only written to has no use for it.
   *
   * @param outputs what the language graph is to give; `hidden` makes it a base model, which has no use for `lm_head`.
   */
  static async load(
    files: ModelFiles,
    options: FromPretrainedOptions,
    outputs: LanguageOutputs,
  ): Promise<ModelRuntime> {
    const { loader, config, parts, formats } = await openLoader(files, options);
    const scope = `${files.revision}/vision-${JSON.stringify(formats.vision)}-${options.backend.target.device}`;
    const visionCache = options.visionCache === false ? undefined : new VisionCache(options.visionCache ?? {}, scope);
    const runtime = new ModelRuntime(loader, config, parts, formats, visionCache);
    const vision = runtime.vision.plan("features");
    const language = runtime.#planLanguage(outputs);
    const keptVision = await loader.findKept(vision, options);
    // What both were kept of was checked when they were built.
    if (!keptVision || !(await loader.findKept(language, options))) {
      vision.build();
      language.build();
      checkAllUsed(loader.weights, outputs);
    }
    const failed = new AbortController();
    const { signal = failed.signal, onProgress } = options;
    const progress = { signal: AbortSignal.any([signal, failed.signal]), onProgress };
    try {
      const isForLater = !options.original && (await loader.loadsAtOnce(vision, keptVision, progress));
      await Promise.all([
        isForLater ? undefined : runtime.vision.load(vision, "features", progress),
        runtime.#language.get(outputs, () => loader.load(language, progress)),
      ]);
      return runtime;
    } catch (error) {
      failed.abort(error);
      await runtime[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The decoder with these outputs, loaded when it is first asked for. */
  async language(outputs: LanguageOutputs): Promise<LanguageRunner> {
    const session = await this.#language.get(outputs, async () => this.#loader.load(this.#planLanguage(outputs)));
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
    if (pixelValues && inputs.frames) {
      const expected = "one of pixelValues and frames";
      throw new InvalidArgumentError({ argument: "pixelValues, frames", expected, found: "both" });
    }
    const rows = promptRows(inputs, this.config.textConfig.vocabSize);
    this.checkLengths(
      rows.map(({ ids }) => ids),
      maxNewTokens,
    );
    const frames = inputs.frames
      ? fedFrames(inputs.frames, this.config)
      : pixelValues && realFrames(pixelValues, pixelAttentionMask, this.config);
    if (!frames && !imageFeatures) return { rows };
    const tokens = this.#tokensOf(imageFeatures, frames);
    const known = imageFeatures?.dims[0] ?? 0;
    const assigned = assignImageFeatures(rows, this.config, known + (frames?.length ?? 0), tokens, inputs.imageFrames);
    if (!frames) return { rows: assigned, features: imageFeatures };
    const vision = await this.encode(frames, outputHiddenStates, inputs);
    return { rows: assigned, features: joined(imageFeatures, vision["image_features"]), vision };
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

  #planLanguage(outputs: LanguageOutputs): GraphPlan {
    const { numHiddenLayers, numKeyValueHeads, headDim, maxPositionEmbeddings } = this.config.textConfig;
    const cache: KeyValueCacheLayout = {
      layers: numHiddenLayers,
      keyValueHeads: numKeyValueHeads,
      headDim,
      maxLength: maxPositionEmbeddings,
      dtype: this.#formats.text.keyValues === "int8" ? "int8" : "float32",
      positionInput: "inputs_embeds",
      presentOutput: this.#loader.backend.target.keyValueCache === "new-rows" ? PRESENT : undefined,
    };
    return this.#loader.plan({
      name: "language",
      formats: this.#formats.text,
      config: this.config,
      variant: outputs,
      describe: (graph, weights) => languageGraph(graph, weights, this.config, outputs),
      cache,
    });
  }

  /** @throws InvalidArgumentError when the features do not have the shape of this model's, or not that of the frames'. */
  #tokensOf(imageFeatures: Tensor<"float32"> | undefined, frames: FrameSequence | undefined): number {
    const first = Array.isArray(frames) ? (frames[0] as Frame | undefined) : undefined;
    const ofFrames = first ? tokensOfFrame(first.side, this.config) : imageSequenceLength(this.config);
    if (!imageFeatures) return ofFrames;
    const { dims } = imageFeatures;
    const [, tokens = 0, hidden] = dims;
    const { hiddenSize } = this.config.textConfig;
    if (dims.length === 3 && hidden === hiddenSize && tokens > 0 && (!frames || tokens === ofFrames)) return tokens;
    throw new InvalidArgumentError({
      argument: "imageFeatures",
      expected: `[frames, ${frames ? ofFrames : "tokens"}, ${hiddenSize}]`,
      found: `[${dims.join(", ")}]`,
    });
  }
}

/** Checks that the graphs use every tensor. @throws UnusedTensorsError. */
function checkAllUsed(weights: Weights, outputs: LanguageOutputs): void {
  if (outputs !== "hidden") return weights.checkAllUsed();
  for (const part of ["vision_model", "connector", "text_model"]) modelScope(weights).at(part).checkAllUsed();
}

/** Features one after the other. */
function joined(
  first: Tensor<"float32"> | undefined,
  second: Tensor<"float32"> | undefined,
): Tensor<"float32"> | undefined {
  if (!first || !second) return first ?? second;
  const data = new Float32Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return tensor("float32", [(first.dims[0] ?? 0) + (second.dims[0] ?? 0), ...first.dims.slice(1)], data);
}

/** Reads what says how a model is built, and nothing of its weights but the headers. */
export async function openLoader(
  files: ModelFiles,
  options: FromPretrainedOptions,
): Promise<{ loader: GraphLoader; config: SmolVLMConfig; parts: PartFormats; formats: ModelFormats }> {
  const { backend, dtype, store = memoryByteStore(), converter, check, original: source, signal, onProgress } = options;
  const manifest = await readManifest(files, { signal });
  const parts = resolveDtype(dtype, backend.target, { fixed: manifest?.formats });
  const formats = graphFormats(parts);
  const keyValues = resolveKvCacheDtype(options.kvCacheDtype, backend.target);
  const config = await readModelConfig(files, { signal });
  const weights = Weights.of(await openCheckpoint(files, { signal, onProgress, isConverted: manifest !== undefined }));
  const original = source && Weights.of(await openCheckpoint(source, { signal, onProgress }));
  const { id: model } = source ?? files;
  const { revision } = files;
  const loader = new GraphLoader({ backend, store, converter, check, model, revision, weights, original });
  return { loader, config, parts, formats: { ...formats, text: { ...formats.text, keyValues } } };
}
