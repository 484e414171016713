import { DisposedError, InvalidArgumentError, tensor, type Tensor } from "@smolvlm/contracts";
import type { PromptCache } from "@smolvlm/model-core";
import { TextStreamDecoder, type ChatMessage, type Conversation, type ReadMedium } from "@smolvlm/processor";
import type { Answer } from "./answer.js";
import { AnswerStream } from "./answer-stream.js";
import { framesOfMedia } from "./frames-of-media.js";
import { runGeneration, type AnsweringParts } from "./run-generation.js";
import { SessionBusyError } from "./session-busy-error.js";
import type { GenerateOptions, PrepareOptions } from "./smolvlm.js";

/** Options of a chat session, the same for all its turns. */
export interface ChatSessionOptions extends Pick<PrepareOptions, "imageOptions" | "videoSampling"> {
  /** What was said before, such as a system message; none by default. It is read with the first question. */
  readonly messages?: Conversation | undefined;
}

/** A picture or video whose frames the model has seen. */
interface SeenMedium extends ReadMedium {
  /** [frames · tokens, hidden] */
  readonly features: Float32Array;
}

/** A message and its media; undefined where they were not read yet. */
interface Turn {
  readonly message: ChatMessage;
  readonly media?: readonly SeenMedium[] | undefined;
}

/**
 * A conversation that goes on. It keeps what the model has computed, so that a further question costs its own tokens and nothing else:
 * pictures and videos are read and encoded once. The answers are those that {@link SmolVLM.generate} gives to the same messages.
 *
 * A turn that fails or is aborted leaves the session as it was. One turn at a time; several sessions of one model are independent.
 * It holds memory until it is disposed.
 */
export class ChatSession implements AsyncDisposable {
  readonly #parts: AnsweringParts;
  readonly #options: Omit<ChatSessionOptions, "messages">;
  readonly #cache: PromptCache;
  #turns: readonly Turn[];
  #isBusy = false;
  #isDisposed = false;

  /** @internal use `createSession` of the model */
  constructor(parts: AnsweringParts, options: ChatSessionOptions, cache = parts.model.createPromptCache()) {
    const { messages = [], ...others } = options;
    this.#parts = parts;
    this.#options = others;
    this.#cache = cache;
    this.#turns = messages.map((message) => ({ message }));
  }

  /** The conversation so far, questions and answers. */
  get messages(): Conversation {
    return this.#turns.map(({ message }) => message);
  }

  /** Tokens that the model need not read again. */
  get cachedTokens(): number {
    return this.#cache.length;
  }

  /** Bytes that the session holds: keys, values and image features. */
  get byteLength(): number {
    const features = this.#turns.flatMap(({ media = [] }) => media.map((medium) => medium.features.byteLength));
    return features.reduce((sum, bytes) => sum + bytes, this.#cache.byteLength);
  }

  /**
   * Says something and streams the answer. It starts at once; when the result is there, both messages are part of the conversation.
   *
   * @param content text, or parts with pictures and videos.
   * @throws through the stream: PromptTooLongError when the conversation and an answer exceed the context, before anything runs;
   * MediaError, InvalidArgumentError, SessionBusyError, DisposedError; the signal's reason when it is aborted.
   */
  send(content: ChatMessage["content"], options: GenerateOptions = {}): AnswerStream {
    return new AnswerStream((onText) => this.#exclusively(() => this.#answer(content, options, onText)));
  }

  /** Says something and gives the whole answer. Errors are those of {@link ChatSession.send}. */
  ask(content: ChatMessage["content"], options: GenerateOptions = {}): Promise<Answer> {
    return this.send(content, options).result;
  }

  /** An independent copy, to go on from here in several ways. @throws SessionBusyError, DisposedError. */
  async fork(): Promise<ChatSession> {
    return await this.#exclusively(async () => {
      const copy = new ChatSession(this.#parts, this.#options, await this.#cache.fork());
      copy.#turns = this.#turns;
      return copy;
    });
  }

  /**
   * Goes back to the first `messages` messages.
   *
   * @throws InvalidArgumentError when there are fewer; SessionBusyError, DisposedError.
   */
  async rewind(messages: number): Promise<void> {
    await this.#exclusively(async () => {
      if (!Number.isInteger(messages) || messages < 0 || messages > this.#turns.length) {
        const expected = `a whole number from 0 to ${this.#turns.length}`;
        throw new InvalidArgumentError({ argument: "messages", expected, found: String(messages) });
      }
      // The cache keeps what it has: how much of it is of use is found out with the next question.
      this.#turns = this.#turns.slice(0, messages);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#cache[Symbol.asyncDispose]();
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isDisposed) throw new DisposedError("The chat session");
    if (this.#isBusy) throw new SessionBusyError();
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  async #answer(
    content: ChatMessage["content"],
    options: GenerateOptions,
    onText: (text: string) => void,
  ): Promise<Answer> {
    const started = performance.now();
    const { processor } = this.#parts;
    const question: ChatMessage = { role: "user", content };
    const turns = [...this.#turns, { message: question }];
    const unread = turns.filter(({ media }) => media === undefined).map(({ message }) => message);
    const { media: found, ...pixels } = await processor.readMedia(unread, {
      ...this.#options,
      videoOptions: { ...this.#options.videoSampling },
      streamFrames: true,
      signal: options.signal,
    });
    try {
      const seen = this.#turns.flatMap(({ media = [] }) => media);
      const media = [...seen, ...found];
      const { mediaOrder, ...ids } = await processor.encodeConversations(
        [turns.map(({ message }) => message)],
        [media],
        { addGenerationPrompt: true },
      );
      const imageFrames = framesOfMedia(media, mediaOrder[0] ?? []);
      const decoder = new TextStreamDecoder(processor.tokenizer);
      const { answers, imageFeatures, timings } = await this.#restoring(() =>
        runGeneration(
          this.#parts,
          {
            ...options,
            ...ids,
            ...pixels,
            imageFeatures: this.#featuresOf(seen),
            imageFrames: media.length > 0 ? imageFrames : undefined,
            promptCache: this.#cache,
          },
          started,
          ({ tokens }) => onText(decoder.push(tokens[0] as number)),
        ),
      );
      onText(decoder.flush());
      const [answer] = answers as [Omit<Answer, "videos">];
      const reply: Turn = { message: { role: "assistant", content: answer.text.trim() }, media: [] };
      this.#turns = [...withMedia(turns, seen, found, imageFeatures), reply];
      return { ...answer, videos: media.flatMap(({ video }) => video ?? []), timings };
    } finally {
      await pixels.frames?.[Symbol.asyncDispose]();
    }
  }

  /** Forgets what a generation that failed has added. */
  async #restoring<T>(work: () => Promise<T>): Promise<T> {
    const { length } = this.#cache;
    try {
      return await work();
    } catch (error) {
      if (!this.#isDisposed) await this.#cache.rewind(Math.min(length, this.#cache.length));
      throw error;
    }
  }

  #featuresOf(media: readonly SeenMedium[]): Tensor<"float32"> | undefined {
    const frames = media.reduce((sum, medium) => sum + medium.frames, 0);
    if (frames === 0) return undefined;
    const size = media.reduce((sum, { features }) => sum + features.length, 0);
    const all = new Float32Array(size);
    let at = 0;
    for (const { features } of media) {
      all.set(features, at);
      at += features.length;
    }
    const { hiddenSize } = this.#parts.model.config.textConfig;
    return tensor("float32", [frames, size / frames / hiddenSize, hiddenSize], all);
  }
}

/** The turns with the media that were read for those that had none, and their features. */
function withMedia(
  turns: readonly Turn[],
  seen: readonly SeenMedium[],
  found: readonly ReadMedium[],
  features: Tensor<"float32"> | undefined,
): readonly Turn[] {
  const frameSize = features ? features.data.length / (features.dims[0] as number) : 0;
  let frame = seen.reduce((sum, { frames }) => sum + frames, 0);
  const next = found.map((medium): SeenMedium => {
    const from = frame * frameSize;
    frame += medium.frames;
    // A copy: a view would keep the features of all turns before.
    return { ...medium, features: (features as Tensor<"float32">).data.slice(from, frame * frameSize) };
  });
  return turns.map(({ message, media }) => ({ message, media: media ?? next.splice(0, mediaIn(message)) }));
}

function mediaIn({ content }: ChatMessage): number {
  return typeof content === "string" ? 0 : content.filter(({ type }) => type !== "text").length;
}
