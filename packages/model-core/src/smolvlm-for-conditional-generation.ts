import { readGenerationConfig, type GenerationConfig, type SmolVLMConfig } from "@smolvlm/config";
import { tensor, type ModelFiles, type Tensor } from "@smolvlm/contracts";
import type { DecoderState } from "./generation/decoder-state.js";
import { generateTokens } from "./generation/generate.js";
import type { GenerationOptions } from "./generation/generation-options.js";
import { resolveGenerationOptions } from "./generation/resolve-generation-options.js";
import type { TokenStream } from "./generation/token-stream.js";
import type { PartFormats } from "./inference/dtype.js";
import type { WantedLogits } from "./inference/gathered-logits.js";
import { GuessingDecoder } from "./inference/guessing-decoder.js";
import { imageFeatures, type ImageFeaturesInputs } from "./inference/image-features.js";
import { LanguageDecoder } from "./inference/language-decoder.js";
import type { ModelCallInputs } from "./inference/model-call-inputs.js";
import { ModelRuntime, type FromPretrainedOptions } from "./inference/model-runtime.js";
import { PromptCache } from "./inference/prompt-cache.js";
import { promptRows } from "./inference/prompt-row.js";
import { readPrompts } from "./inference/read-prompts.js";
import { stateNames, TextStates, visionStates } from "./inference/tower-states.js";
import type { ModelForwardInputs, ModelHiddenStates } from "./smolvlm-model.js";

/** What {@link SmolVLMForConditionalGeneration.forward} takes. */
export interface CausalForwardInputs extends ModelForwardInputs, WantedLogits {}

/** What {@link SmolVLMForConditionalGeneration.forward} gives. */
export interface CausalForwardOutput {
  /** Scores of the next token [batch, kept positions, vocab], 0 at padding. */
  readonly logits: Tensor<"float32">;
  /** Present with labels. */
  readonly loss?: number | undefined;
  /** [real frames, tokens, text hidden]; undefined where there were no frames. */
  readonly imageFeatures?: Tensor<"float32"> | undefined;
  readonly hiddenStates?: ModelHiddenStates | undefined;
}

/** What generation takes: the processor's batch and the options. */
export interface GenerateInputs extends ModelCallInputs, GenerationOptions {
  readonly signal?: AbortSignal | undefined;
  /** What earlier calls have read and written, for a batch of one row; see {@link SmolVLMForConditionalGeneration.createPromptCache}. */
  readonly promptCache?: PromptCache | undefined;
}

/** The text model after some prompts, ready for their next tokens. It holds a cache until it is disposed. */
export interface PromptDecoder extends DecoderState, AsyncDisposable {}

/** A generation under way. It holds a cache until it is disposed. */
export interface GenerationStream extends TokenStream, AsyncDisposable {
  /** Scores of the first new token [batch, vocab], as the model gives them. */
  readonly promptLogits: Tensor<"float32">;
  /** [frames, tokens, text hidden]; undefined where there were no frames. */
  readonly imageFeatures?: Tensor<"float32"> | undefined;
}

/** SmolVLM or SmolVLM2: frames and text in, text out. It holds sessions until it is disposed. */
export class SmolVLMForConditionalGeneration implements AsyncDisposable {
  readonly config: SmolVLMConfig;
  /** How the matrices of each part are stored: what the wish for a `dtype` became on this backend. */
  readonly formats: PartFormats;
  /** The checkpoint's options of generation, for what a call leaves out. */
  readonly generationConfig: GenerationConfig;
  readonly #runtime: ModelRuntime;

  private constructor(runtime: ModelRuntime, generationConfig: GenerationConfig) {
    this.#runtime = runtime;
    this.config = runtime.config;
    this.formats = runtime.formats;
    this.generationConfig = generationConfig;
  }

  /**
   * Loads a checkpoint: `config.json`, `generation_config.json`, and `model.safetensors` or its shards.
   *
   * @throws ModelFileError when a file is missing, damaged, or does not agree with the configuration; BackendError.
   */
  static async fromPretrained(
    files: ModelFiles,
    options: FromPretrainedOptions,
  ): Promise<SmolVLMForConditionalGeneration> {
    const generationConfig = await readGenerationConfig(files, { signal: options.signal });
    return new SmolVLMForConditionalGeneration(await ModelRuntime.load(files, options, "logits"), generationConfig);
  }

  /**
   * Reads prompts with their frames and scores the tokens that could follow each position.
   *
   * @throws PromptTooLongError, ImageTokenError, InvalidArgumentError before anything is computed; BackendError; the signal's reason.
   */
  async forward(inputs: CausalForwardInputs): Promise<CausalForwardOutput> {
    const { outputHiddenStates = false, signal, onProgress } = inputs;
    const { vocabSize, hiddenSize, numHiddenLayers } = this.config.textConfig;
    // Made first, since it checks what is wanted; it needs the rows for nothing but their places.
    // Loaded here because a page that generates does without it.
    const { GatheredLogits } = await import("./inference/gathered-logits.js");
    const gathered = new GatheredLogits(inputs, promptRows(inputs, vocabSize), vocabSize);
    const { rows, features, vision } = await this.#runtime.prepare(inputs, { outputHiddenStates });
    const runner = await this.#runtime.language(outputHiddenStates ? "all" : "logits");
    const outputs = outputHiddenStates ? stateNames(numHiddenLayers) : [];
    const names = outputHiddenStates ? ["hidden_states.0", ...outputs] : [];
    const states = new TextStates(inputs, rows, hiddenSize, names);
    const cache = await runner.session.createCache(rows.length);
    await readPrompts(runner, {
      rows,
      features,
      cache,
      outputs,
      wantsLogits: (row, position) => gathered.wants(row, position),
      onPiece: (piece) => {
        gathered.add(piece);
        states.add(piece);
      },
      signal,
      onProgress,
    }).finally(() => cache[Symbol.asyncDispose]());
    const towers = {
      vision: vision && visionStates(vision, this.config.visionConfig.numHiddenLayers),
      text: outputHiddenStates ? states.all(numHiddenLayers) : undefined,
    };
    return {
      logits: gathered.logits,
      loss: gathered.loss,
      imageFeatures: features,
      hiddenStates: towers.text && { vision: towers.vision, text: towers.text },
    };
  }

  /** Frames as the text model sees them [real frames, tokens, text hidden]. */
  getImageFeatures(inputs: ImageFeaturesInputs): Promise<Tensor<"float32">> {
    return imageFeatures(this.#runtime, inputs);
  }

  /**
   * Encodes the frames and reads the prompts: a decoder whose `logits` belong to the last position of each row, for loops of one's
   * own. The caller disposes it.
   *
   * @throws PromptTooLongError, ImageTokenError, InvalidArgumentError before anything is computed; BackendError; the signal's reason.
   */
  async prefill(inputs: ModelCallInputs): Promise<PromptDecoder> {
    return (await this.#prefill(inputs, 0)).decoder;
  }

  /** An empty cache for prompts that begin alike, such as the turns of a conversation. The caller disposes it. */
  createPromptCache(): PromptCache {
    return new PromptCache(async () => (await this.#runtime.language("logits")).session);
  }

  /**
   * Generates as an async iterator of steps, each of one token for every row that still runs. Options that a call leaves out come from
   * `generationConfig`. Frames are encoded and prompts read before it returns; dispose it when done.
   *
   * @throws PromptTooLongError, ImageTokenError, InvalidArgumentError before anything is computed; BackendError; the signal's reason.
   */
  async stream(inputs: GenerateInputs): Promise<GenerationStream> {
    const {
      inputIds: _ids,
      attentionMask: _mask,
      pixelValues: _pixels,
      pixelAttentionMask: _pixelMask,
      ...rest
    } = inputs;
    const { frames: _frames, imageFeatures: _features, imageFrames: _order, onProgress: _onProgress, ...others } = rest;
    const { promptCache, ...options } = others;
    const { vocabSize, maxPositionEmbeddings: contextLength } = this.config.textConfig;
    const prompts = promptRows(inputs, vocabSize).map(({ ids }) => ids);
    this.#runtime.checkLengths(prompts, Math.max(options.maxNewTokens ?? 1, 1));
    const settings = resolveGenerationOptions({
      options,
      generationConfig: this.generationConfig,
      promptLengths: prompts.map(({ length }) => length),
      contextLength,
      vocabSize,
    });
    const { decoder, imageFeatures } = await this.#prefill(inputs, 1, promptCache);
    const [prompt] = prompts as [Int32Array];
    const isGuessing = prompts.length === 1 && (settings.promptLookup ?? true);
    const state = isGuessing ? new GuessingDecoder(decoder, prompt) : decoder;
    const tokens = generateTokens(state, prompts, settings);
    return {
      promptLogits: tensor("float32", [prompts.length, vocabSize], decoder.logits.slice()),
      imageFeatures,
      [Symbol.asyncIterator]: () => tokens[Symbol.asyncIterator](),
      snapshot: () => tokens.snapshot(),
      [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
    };
  }

  /**
   * Generates to the end. Errors are those of {@link stream}.
   *
   * @returns the ids of the prompts as they were given, with their padding, and the new ones behind them, shorter answers padded on
   * the right [batch, length].
   */
  async generate(inputs: GenerateInputs): Promise<Tensor<"int32">> {
    const stream = await this.stream(inputs);
    try {
      for await (const _step of stream);
    } finally {
      await stream[Symbol.asyncDispose]();
    }
    const { newTokens } = stream.snapshot();
    const { data, dims } = inputs.inputIds;
    const [batch = 0, promptLength = 0] = dims;
    const length = promptLength + Math.max(...newTokens.map((ids) => ids.length));
    const ids = new Int32Array(batch * length).fill(this.#padTokenId(inputs));
    newTokens.forEach((answer, row) => {
      ids.set(data.subarray(row * promptLength, (row + 1) * promptLength), row * length);
      ids.set(answer, row * length + promptLength);
    });
    return tensor("int32", [batch, length], ids);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#runtime[Symbol.asyncDispose]();
  }

  async #prefill(
    inputs: ModelCallInputs,
    maxNewTokens: number,
    promptCache?: PromptCache,
  ): Promise<{ readonly decoder: LanguageDecoder; readonly imageFeatures: Tensor<"float32"> | undefined }> {
    const { signal, onProgress } = inputs;
    const { rows, features } = await this.#runtime.prepare(inputs, { maxNewTokens });
    const request = { rows, features, signal, onProgress, promptCache };
    const decoder = await LanguageDecoder.prefill(await this.#runtime.language("logits"), request);
    return { decoder, imageFeatures: features };
  }

  #padTokenId({ padTokenId, eosTokenIds }: GenerateInputs): number {
    const { generationConfig } = this;
    return padTokenId ?? generationConfig.padTokenId ?? (eosTokenIds ?? generationConfig.eosTokenIds)[0] ?? 0;
  }
}
