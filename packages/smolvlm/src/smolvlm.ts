import { InvalidArgumentError, type Backend, type OnProgress } from "@smolvlm/contracts";
import type { GenerationOptions, GenerationStep, SmolVLMForConditionalGeneration } from "@smolvlm/model-core";
import {
  TextStreamDecoder,
  type ChatTemplateOptions,
  type Conversation,
  type ProcessedInputs,
  type ProcessingOptions,
  type SmolVLMProcessor,
} from "@smolvlm/processor";
import type { VideoSampling } from "@smolvlm/video-processor";
import type { Answer, BatchAnswer } from "./answer.js";
import { AnswerStream } from "./answer-stream.js";
import { ChatSession, type ChatSessionOptions } from "./chat-session.js";
import type { DeviceReport } from "./device-report.js";
import { prepareSharedMedia, type BatchInputs } from "./prepare-shared-media.js";
import { runGeneration } from "./run-generation.js";
import type { OnFrame } from "./watch-frames.js";
import type { WeightMeter } from "./weight-meter.js";

/** Options of making model inputs. */
export interface PrepareOptions extends Pick<ProcessingOptions, "imageOptions" | "announceLongestVideo" | "signal"> {
  /** Which frames of videos are taken; what is absent is as the checkpoint says, usually one a second and at most 64. */
  readonly videoSampling?: VideoSampling | undefined;
}

/** Options of {@link SmolVLM.prepare}. */
export interface PrepareInputsOptions extends PrepareOptions {
  /**
   * Whether frames are decoded and resized while the model takes them, so that memory does not grow with their number. The inputs then hold
   * `frames` instead of `pixelValues` and are good for one answer, which disposes of them. Default false.
   */
  readonly streamFrames?: boolean | undefined;
}

/** Options of an answer: those of generation, plus progress. `signal` stops within one token. */
export interface GenerateOptions extends GenerationOptions {
  /** Most new tokens; by default 256, or fewer where the context has no more room. */
  readonly maxNewTokens?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  /**
   * Called with each frame when the model takes it, to show what the model sees: tiles and whole pictures, frames of videos, in the order of
   * the conversation. Frames that only fill up a batch come too.
   */
  readonly onFrame?: OnFrame | undefined;
}

/** What {@link SmolVLM.generate} and {@link SmolVLM.stream} take. */
export interface GenerateRequest extends GenerateOptions, PrepareOptions {
  /** The conversation so far, in the Hugging Face form; the model answers as the assistant. */
  readonly messages: Conversation;
}

/** What {@link SmolVLM.generateBatch} takes. */
export interface BatchRequest extends GenerateOptions, PrepareOptions {
  /** Conversations that are answered together; they may mix pictures and plain text. */
  readonly conversations: readonly Conversation[];
}

/** @internal */
export interface SmolVLMParts {
  readonly processor: SmolVLMProcessor;
  readonly model: SmolVLMForConditionalGeneration;
  readonly device: DeviceReport;
  readonly meter: WeightMeter;
  /** Disposed with the model. */
  readonly ownedBackend: Backend | undefined;
}

/** A loaded model that answers conversations. Dispose it when done: it holds the weights. */
export class SmolVLM implements AsyncDisposable {
  /** Conversations to tensors and back, with transformers' names. */
  readonly processor: SmolVLMProcessor;
  /** The model itself, with transformers' names. */
  readonly model: SmolVLMForConditionalGeneration;
  /** Where the model runs. */
  readonly device: DeviceReport;
  readonly #meter: WeightMeter;
  readonly #ownedBackend: Backend | undefined;

  /** @internal use `loadSmolVLM` */
  constructor(parts: SmolVLMParts) {
    this.processor = parts.processor;
    this.model = parts.model;
    this.device = parts.device;
    this.#meter = parts.meter;
    this.#ownedBackend = parts.ownedBackend;
  }

  /**
   * Bytes that the model holds now: its weights as they were loaded, in Node those of the vision tower from the first picture on if they were
   * converted before. Caches of answers under way come on top.
   */
  get memory(): { readonly weights: number } {
    return { weights: this.#meter.weightBytes };
  }

  /**
   * The answer to a conversation.
   *
   * @throws MediaError when a picture cannot be read; PromptTooLongError when prompt and answer exceed the context, before anything
   * runs; InvalidArgumentError for malformed messages or options; the signal's reason when it is aborted.
   */
  async generate(request: GenerateRequest): Promise<Answer> {
    return await this.stream(request).result;
  }

  /** Like {@link SmolVLM.generate}, with the text while it is made. It starts at once; an error ends both the text and the result. */
  stream(request: GenerateRequest): AnswerStream {
    return new AnswerStream(async (onText) => {
      const { messages, ...options } = request;
      const started = performance.now();
      const inputs = await this.prepare([messages], { ...options, streamFrames: true });
      const decoder = new TextStreamDecoder(this.processor.tokenizer);
      const { answers, timings } = await this.#answer(inputs, options, started, ({ tokens }) =>
        onText(decoder.push(tokens[0] as number)),
      );
      onText(decoder.flush());
      return { ...(answers[0] as Answer), timings };
    });
  }

  /**
   * The answers to several conversations, made together. Each is what {@link SmolVLM.generate} gives for it alone. What several begin with,
   * such as questions about one picture, is read once.
   */
  async generateBatch(request: BatchRequest): Promise<BatchAnswer> {
    const { conversations, ...options } = request;
    const started = performance.now();
    const prepare = { ...options, streamFrames: true };
    const shared = await prepareSharedMedia(this.processor, conversations, processingOptions(prepare));
    return await this.#answer(shared ?? (await this.prepare(conversations, prepare)), options, started);
  }

  /** A conversation that goes on, and keeps what the model has computed. The caller disposes it. */
  createSession(options: ChatSessionOptions = {}): ChatSession {
    return new ChatSession(this, options);
  }

  /** Conversations as the model's inputs, padded on the left, ready to be answered. */
  async prepare(conversations: readonly Conversation[], options: PrepareInputsOptions = {}): Promise<ProcessedInputs> {
    if (conversations.length === 0) {
      throw new InvalidArgumentError({ argument: "conversations", expected: "at least one", found: "none" });
    }
    return await this.processor.applyChatTemplate(conversations, processingOptions(options));
  }

  /** The answers to inputs from {@link SmolVLM.prepare}. */
  answer(inputs: ProcessedInputs, options: GenerateOptions = {}): Promise<BatchAnswer> {
    return this.#answer(inputs, options, performance.now());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.model[Symbol.asyncDispose]();
    await this.#ownedBackend?.[Symbol.asyncDispose]();
  }

  async #answer(
    { videos, ...inputs }: ProcessedInputs & Partial<Pick<BatchInputs, "imageFrames">>,
    {
      imageOptions: _image,
      videoSampling: _video,
      announceLongestVideo: _announce,
      ...options
    }: GenerateOptions & PrepareOptions,
    started: number,
    onStep?: (step: GenerationStep) => void,
  ): Promise<BatchAnswer> {
    try {
      const { answers, promptLogits, timings } = await runGeneration(this, { ...options, ...inputs }, started, onStep);
      return {
        answers: answers.map((answer, row) => ({ ...answer, videos: videos?.[row] ?? [] })),
        promptLogits,
        timings,
      };
    } finally {
      await inputs.frames?.[Symbol.asyncDispose]();
    }
  }
}

/** How conversations become inputs for generation. */
function processingOptions(options: PrepareInputsOptions): ChatTemplateOptions {
  const { imageOptions, videoSampling, announceLongestVideo, streamFrames, signal } = options;
  return {
    imageOptions,
    videoOptions: { ...videoSampling },
    announceLongestVideo,
    streamFrames,
    signal,
    addGenerationPrompt: true,
    padding: true,
    paddingSide: "left",
  };
}
