import {
  openTokenizerJson,
  readChatTemplate,
  readProcessorConfig,
  readTokenizerConfig,
  type ProcessorConfig,
} from "@smolvlm/config";
import {
  InvalidArgumentError,
  ModelFileError,
  type ModelFiles,
  type ModelInputs,
  type ReadOptions,
  type Tensor,
} from "@smolvlm/contracts";
import {
  SmolVLMImageProcessor,
  type ImageDecoder,
  type ImageProcessor,
  type ImageProcessorOptions,
  type ImageSource,
} from "@smolvlm/image-processor";
import type { Conversation, VideoSource } from "./chat/conversation.js";
import { DEFAULT_CHAT_TEMPLATE } from "./chat/default-chat-template.js";
import {
  isBatch,
  normalizeConversations,
  type ConversationMedium,
  type NormalizedConversation,
} from "./chat/normalize-conversations.js";
import { openChatTemplate } from "./chat/chat-template.js";
import { renderChatTemplate, type RenderOptions } from "./chat/render-chat-template.js";
import { collateRows, truncateRows, type PaddingOptions } from "./collate-rows.js";
import { ImageTokenCountError } from "./errors.js";
import { checkMediaCounts } from "./media/check-media-counts.js";
import { loadImages, loadVideos } from "./media/load-media.js";
import { nestedMedia, type Nested } from "./media/nested-media.js";
import {
  isPreparedVideo,
  type PreparedVideo,
  type PrepareVideo,
  type StreamedVideo,
  type VideoFrames,
  type VideoOptions,
} from "./media/prepared-video.js";
import { processMedia, type PixelInputs, type ProcessedMedia } from "./media/process-media.js";
import type { EncodedConversations, MediaInputs, ReadMedium } from "./media/read-media.js";
import {
  countPlaceholders,
  expandPlaceholders,
  placeholderKinds,
  type MediaKind,
} from "./prompt/expand-placeholders.js";
import { SmolVLMTokenizer, type DecodeOptions, type TokenIds } from "./tokenizer/smolvlm-tokenizer.js";

/** How media files become pixels. What is pixels already needs none of it. */
export interface MediaDecoding {
  readonly decoders?: { readonly image?: ImageDecoder | undefined } | undefined;
  /** Decodes videos, chooses their frames and makes them ready. */
  readonly prepareVideo?: PrepareVideo | undefined;
}

/** The parts of a processor. */
export interface ProcessorParts extends MediaDecoding {
  readonly tokenizer: SmolVLMTokenizer;
  readonly imageProcessor: ImageProcessor;
  readonly config: ProcessorConfig;
  /** The checkpoint's chat template; the library's own where it has none. */
  readonly chatTemplate?: string | undefined;
}

/** Options of loading a processor. */
export interface FromPretrainedOptions extends MediaDecoding, ReadOptions {
  /** Instead of the checkpoint's `SmolVLMImageProcessor`; such as a `SmolVLMImageProcessorFast`. */
  readonly imageProcessor?: ImageProcessor | undefined;
}

/** Options of making model inputs. */
export interface ProcessingOptions extends PaddingOptions {
  /** What differs from the image processor's own parameters for this call, such as `{ doImageSplitting: false }`. */
  readonly imageOptions?: ImageProcessorOptions | undefined;
  /** Whether the tokens of the tokenizer's post-processor are added; the published tokenizers have none. Default true. */
  readonly addSpecialTokens?: boolean | undefined;
  /**
   * Whether every video announces as many frames as the longest one of the batch has, which is what the reference does and is wrong for the
   * shorter ones; the mask of their missing frames is then 1, as there. Default false.
   */
  readonly announceLongestVideo?: boolean | undefined;
  /** What `prepareVideo` is to know of this call, such as `{ fps: 2, numFrames: 16 }`. */
  readonly videoOptions?: VideoOptions | undefined;
  /**
   * Whether frames come one by one, in `frames` instead of `pixelValues`: decoded and resized while the model takes them, and never in memory
   * together. The result must then be disposed of with `frames`. Default false.
   */
  readonly streamFrames?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Media of a call: one medium, several of one text, or for each text a list. */
export interface ProcessMedia {
  /** Pictures, as anything the image decoder takes, or pixels. */
  readonly images?: Nested<ImageSource> | undefined;
  /** Videos, as anything `prepareVideo` takes, or prepared. */
  readonly videos?: Nested<VideoSource | PreparedVideo> | undefined;
}

/** Options of applying the chat template. */
export interface ChatTemplateOptions extends ProcessingOptions, RenderOptions {
  /** A jinja template instead of the checkpoint's. */
  readonly chatTemplate?: string | undefined;
}

/** Model inputs, and which frames of each sample's videos they hold. */
export interface ProcessedInputs extends ModelInputs {
  readonly videos?: readonly (readonly VideoFrames[])[] | undefined;
}

/** Conversations and media to model inputs, token ids to text. */
export class SmolVLMProcessor {
  readonly tokenizer: SmolVLMTokenizer;
  readonly imageProcessor: ImageProcessor;
  readonly config: ProcessorConfig;
  readonly chatTemplate: string;
  readonly decoders: { readonly image?: ImageDecoder | undefined };
  /** The id of `<image>`. */
  readonly imageTokenId: number;
  readonly #prepareVideo: PrepareVideo | undefined;

  /** @throws ModelFileError when the tokenizer has no image token. */
  constructor(parts: ProcessorParts) {
    this.tokenizer = parts.tokenizer;
    this.imageProcessor = parts.imageProcessor;
    this.config = parts.config;
    this.chatTemplate = parts.chatTemplate ?? DEFAULT_CHAT_TEMPLATE;
    this.decoders = parts.decoders ?? {};
    this.#prepareVideo = parts.prepareVideo;
    const { imageToken } = this.tokenizer.config;
    const id = this.tokenizer.tokenToId(imageToken);
    if (id === undefined)
      throw new ModelFileError(
        "tokenizer.json",
        `it has no token ${JSON.stringify(imageToken)}, which stands for pictures.`,
      );
    this.imageTokenId = id;
  }

  /**
   * The processor of a checkpoint, from the files of transformers 4 or 5.
   *
   * @throws ModelFileError when a file is missing or unreadable, ConfigError when a field is wrong or not supported.
   */
  static async fromPretrained(files: ModelFiles, options: FromPretrainedOptions = {}): Promise<SmolVLMProcessor> {
    return (await SmolVLMProcessor.read(files, options))();
  }

  /**
   * Reads the files of {@link SmolVLMProcessor.fromPretrained}, and checks all but the tokenizer's. What it gives makes the processor of them,
   * which takes the thread a quarter of a second for the tokenizer, at a time of the caller's choice.
   *
   * @throws ModelFileError when a file is missing or unreadable, ConfigError when a field is wrong or not supported; what it gives throws
   * them for `tokenizer.json`, and ModelFileError when the files contradict each other.
   */
  static async read(files: ModelFiles, options: FromPretrainedOptions = {}): Promise<() => SmolVLMProcessor> {
    const { signal, imageProcessor, decoders, prepareVideo } = options;
    const read = { signal };
    const [parseTokenizer, tokenizerConfig, images, config, chatTemplate] = await Promise.all([
      openTokenizerJson(files, read),
      readTokenizerConfig(files, read),
      imageProcessor ?? SmolVLMImageProcessor.fromPretrained(files, read),
      readProcessorConfig(files, read),
      readChatTemplate(files, read),
    ]);
    return () => {
      const tokenizer = new SmolVLMTokenizer(parseTokenizer(), tokenizerConfig);
      return new SmolVLMProcessor({ tokenizer, imageProcessor: images, config, chatTemplate, decoders, prepareVideo });
    };
  }

  /**
   * Model inputs of a conversation or of a list of them, one row each; pictures and videos are loaded where the conversations name them.
   * With `tokenize: false`, the prompts alone, before pictures are expanded.
   *
   * @throws InvalidArgumentError for malformed conversations or options, ChatTemplateError when the template fails, MediaError when a
   * medium cannot be read, and what {@link SmolVLMProcessor.process} throws.
   */
  applyChatTemplate(
    conversation: Conversation,
    options: ChatTemplateOptions & { readonly tokenize: false },
  ): Promise<string>;
  applyChatTemplate(
    conversations: readonly Conversation[],
    options: ChatTemplateOptions & { readonly tokenize: false },
  ): Promise<string[]>;
  applyChatTemplate(
    conversations: Conversation | readonly Conversation[],
    options?: ChatTemplateOptions & { readonly tokenize?: true | undefined },
  ): Promise<ProcessedInputs>;
  async applyChatTemplate(
    conversations: Conversation | readonly Conversation[],
    options: ChatTemplateOptions & { readonly tokenize?: boolean | undefined } = {},
  ): Promise<ProcessedInputs | string | string[]> {
    const batch = isBatch(conversations);
    const normalized = normalizeConversations(batch ? conversations : [conversations]);
    const text = await this.#render(normalized, options);
    if (options.tokenize === false) return batch ? text : (text[0] ?? "");
    const images = normalized.map((conversation) => conversation.images.map(sourceOf));
    const videos = normalized.map((conversation) => conversation.videos.map(sourceOf));
    const { bosToken } = this.tokenizer.config;
    const hasStart = bosToken !== undefined && text[0]?.startsWith(bosToken) === true;
    return this.process({
      ...options,
      text,
      images: images.some((list) => list.length > 0) ? images : undefined,
      videos: videos.some((list) => list.length > 0) ? videos : undefined,
      addSpecialTokens: options.addSpecialTokens ?? !hasStart,
    });
  }

  /**
   * Model inputs of texts with a placeholder (`<image>`, `<video>`) for each medium, or the frames of media alone. Placeholders take their
   * media from left to right, and the frames of a row are in the order of its text.
   *
   * @throws InvalidArgumentError for malformed input, MissingMediaError and MediaCountError when placeholders and media do not match,
   * ImageTokenCountError when truncation cuts image tokens, MediaError when a medium cannot be read.
   */
  process(
    input: ProcessMedia & ProcessingOptions & { readonly text: string | readonly string[] },
  ): Promise<ModelInputs>;
  process(input: ProcessMedia & ProcessingOptions & { readonly text?: undefined }): Promise<PixelInputs>;
  async process(
    input: ProcessMedia & ProcessingOptions & { readonly text?: string | readonly string[] | undefined },
  ): Promise<ProcessedInputs | PixelInputs> {
    return this.#closingOnFailure((prepareVideo) => this.#process(input, prepareVideo));
  }

  /**
   * Reads the pictures and videos of messages, without their text: for conversations that go on, whose media are read once. Their ids come from
   * {@link SmolVLMProcessor.encodeConversations}.
   *
   * @throws InvalidArgumentError for malformed messages or options, MediaError when a medium cannot be read.
   */
  async readMedia(messages: Conversation, options: ProcessingOptions = {}): Promise<MediaInputs> {
    const [conversation] = normalizeConversations([messages]) as [NormalizedConversation];
    const order = conversation.messages.flatMap(({ content }) =>
      content.flatMap(({ type }): readonly MediaKind[] => (type === "text" ? [] : [type])),
    );
    const images = conversation.images.length > 0 ? [conversation.images.map(sourceOf)] : undefined;
    const videos = conversation.videos.length > 0 ? [conversation.videos.map(sourceOf)] : undefined;
    if (order.length === 0) return { media: [] };
    const { prompts, frameCounts, pixels, sampled } = await this.#closingOnFailure((prepareVideo) =>
      this.#load([order], { images, videos }, options, prepareVideo, options.streamFrames === true),
    );
    const ofVideos = [...(sampled?.[0] ?? [])];
    const media = order.map((kind, index): ReadMedium => {
      const [prompt, frames] = [prompts[0]?.[index] ?? "", frameCounts[0]?.[index] ?? 0];
      return { kind, prompt, frames, video: kind === "video" ? ofVideos.shift() : undefined };
    });
    return { media, ...pixels };
  }

  /**
   * The ids of conversations whose media were read before.
   *
   * @param media those of each conversation, in its order, as {@link SmolVLMProcessor.readMedia} gave them.
   * @throws InvalidArgumentError for malformed conversations or options, ChatTemplateError when the template fails, MediaCountError when the
   * template leaves media out.
   */
  async encodeConversations(
    conversations: readonly Conversation[],
    media: readonly (readonly ReadMedium[])[],
    options: ChatTemplateOptions = {},
  ): Promise<EncodedConversations> {
    const texts = await this.#render(normalizeConversations(conversations), options);
    const { imageToken, videoToken, bosToken } = this.tokenizer.config;
    const count = (kind: MediaKind) => media.map((list) => list.filter((medium) => medium.kind === kind).length);
    const some = (counts: readonly number[]) => (counts.some((each) => each > 0) ? counts : undefined);
    const [images, videos] = [some(count("image")), some(count("video"))];
    checkMediaCounts(texts, { imageToken, videoToken, images, videos });
    const placeholders = { image: imageToken, video: videos && videoToken };
    const mediaOrder = texts.map((text, c) => {
      const indices = (kind: MediaKind) => [...(media[c] ?? []).keys()].filter((at) => media[c]?.[at]?.kind === kind);
      const next = { image: indices("image"), video: indices("video") };
      return placeholderKinds(text, placeholders).flatMap((kind) => next[kind].shift() ?? []);
    });
    const expanded = texts.map((text, c) => {
      const prompts = mediaOrder[c]?.map((index) => media[c]?.[index]?.prompt ?? "") ?? [];
      return expandPlaceholders(text, placeholders, prompts);
    });
    const hasStart = bosToken !== undefined && texts[0]?.startsWith(bosToken) === true;
    const addSpecialTokens = options.addSpecialTokens ?? !hasStart;
    return { ...this.#encode(expanded, { ...options, addSpecialTokens }), mediaOrder };
  }

  /** The text of one row of ids. */
  decode(ids: TokenIds, options?: DecodeOptions): string {
    return this.tokenizer.decode(ids, options);
  }

  /**
   * The texts of several rows of ids: a list of rows, or a tensor [rows, length].
   *
   * @throws InvalidArgumentError for a tensor of another shape.
   */
  batchDecode(ids: readonly TokenIds[] | Tensor<"int32"> | Tensor<"int64">, options?: DecodeOptions): string[] {
    return rowsOf(ids).map((row) => this.tokenizer.decode(row, options));
  }

  /** Videos that wait to be streamed hold decoders; when the work fails, nobody else knows of them yet. */
  async #closingOnFailure<T>(work: (prepareVideo: PrepareVideo | undefined) => Promise<T>): Promise<T> {
    const opened: StreamedVideo[] = [];
    const prepare = this.#prepareVideo;
    const prepareVideo: PrepareVideo | undefined =
      prepare &&
      (async (source, options) => {
        const video = await prepare(source, options);
        if (!isPreparedVideo(video)) opened.push(video);
        return video;
      });
    try {
      return await work(prepareVideo);
    } catch (error) {
      await Promise.allSettled(opened.map(async (video) => video[Symbol.asyncDispose]?.()));
      throw error;
    }
  }

  async #process(
    input: ProcessMedia & ProcessingOptions & { readonly text?: string | readonly string[] | undefined },
    prepareVideo: PrepareVideo | undefined,
  ): Promise<ProcessedInputs | PixelInputs> {
    const { signal } = input;
    const texts = typeof input.text === "string" ? [input.text] : input.text;
    const imageSources = input.images === undefined ? undefined : nestedMedia("images", input.images);
    const videoSources = input.videos === undefined ? undefined : nestedMedia("videos", input.videos);
    const { imageToken, videoToken } = this.tokenizer.config;
    if (texts === undefined) onlyOneKind(imageSources, videoSources);
    else checkTexts(texts);
    const counts = (lists: readonly (readonly unknown[])[] | undefined) => lists?.map((list) => list.length);
    if (texts)
      checkMediaCounts(texts, { imageToken, videoToken, images: counts(imageSources), videos: counts(videoSources) });

    const placeholders = { image: imageToken, video: videoSources && videoToken };
    const orderOf = (images: readonly (readonly unknown[])[], kind: MediaKind): readonly (readonly MediaKind[])[] =>
      images.map((list) => list.map(() => kind));
    const order = texts
      ? texts.map((text) => placeholderKinds(text, placeholders))
      : imageSources
        ? orderOf(imageSources, "image")
        : orderOf(videoSources ?? [], "video");
    const stream = texts !== undefined && input.streamFrames === true;
    const loaded = await this.#load(order, { images: imageSources, videos: videoSources }, input, prepareVideo, stream);
    const { prompts, pixels, sampled } = loaded;
    signal?.throwIfAborted();
    if (texts === undefined) {
      if (pixels !== undefined && "pixelValues" in pixels) return pixels;
      throw new InvalidArgumentError({ argument: "images", expected: "at least one", found: "none" });
    }
    const expanded = texts.map((text, s) => expandPlaceholders(text, placeholders, prompts[s] ?? []));
    return { ...this.#encode(expanded, input), ...pixels, ...(sampled && { videos: sampled }) };
  }

  /** Reads media and makes them ready. */
  async #load(
    order: readonly (readonly MediaKind[])[],
    sources: {
      readonly images: readonly (readonly ImageSource[])[] | undefined;
      readonly videos: readonly (readonly (VideoSource | PreparedVideo)[])[] | undefined;
    },
    { signal, videoOptions, imageOptions, announceLongestVideo = false }: ProcessingOptions,
    prepareVideo: PrepareVideo | undefined,
    stream: boolean,
  ): Promise<ProcessedMedia & { readonly sampled: readonly (readonly VideoFrames[])[] | undefined }> {
    // Frames one by one have the size that the model was made for; another needs all of them, and a look at them.
    const streamPictures = stream && imageOptions?.maxImageSize === undefined;
    const images = sources.images && (await loadImages(sources.images, this.decoders.image, signal, streamPictures));
    const videos = sources.videos && (await loadVideos(sources.videos, prepareVideo, { signal, stream, videoOptions }));
    const { imageProcessor } = this;
    const { imageSeqLen } = this.config;
    const tokens = this.tokenizer.config;
    const decoding = streamPictures && this.decoders.image?.open ? await import("./media/opened-frames.js") : undefined;
    const settings = { imageSeqLen, tokens, announceLongestVideo, stream: streamPictures, signal };
    const context = { imageProcessor, imageOptions, openedFrames: decoding?.openedFrames, ...settings };
    const processed = processMedia(order, { images, videos }, context);
    const sampled = videos?.map((list) =>
      list.map(({ timestamps, duration, frameIndices }): VideoFrames => ({ timestamps, duration, frameIndices })),
    );
    return { ...processed, sampled };
  }

  async #render(
    conversations: ReturnType<typeof normalizeConversations>,
    options: ChatTemplateOptions,
  ): Promise<string[]> {
    const hasVideo = conversations.some((conversation) => conversation.videos.length > 0);
    const own = options.chatTemplate ?? this.chatTemplate;
    // The published templates have no branch for videos. The reference replaces any checkpoint's template then, even one that has.
    const template = await openChatTemplate(
      options.chatTemplate === undefined && hasVideo && !own.includes("video") ? DEFAULT_CHAT_TEMPLATE : own,
    );
    const { bosToken, eosToken, padToken, unkToken } = this.tokenizer.config;
    const tokens = { bos_token: bosToken, eos_token: eosToken, pad_token: padToken, unk_token: unkToken };
    const variables = { ...tokens, ...options.variables };
    return conversations.map(({ messages }) => renderChatTemplate(template, messages, { ...options, variables }));
  }

  #encode(expanded: readonly string[], options: ProcessingOptions): Pick<ModelInputs, "inputIds" | "attentionMask"> {
    const { imageToken, modelMaxLength, truncationSide } = this.tokenizer.config;
    const tokens = { padTokenId: this.tokenizer.padTokenId, modelMaxLength, truncationSide };
    const rows = truncateRows(
      expanded.map((text) => this.tokenizer.encode(text, options)),
      options,
      tokens,
    );
    const inText = expanded.map((text) => countPlaceholders(text, imageToken));
    const inIds = rows.map((row) => row.reduce((sum, id) => sum + (id === this.imageTokenId ? 1 : 0), 0));
    if (inText.some((count, s) => count !== inIds[s])) throw new ImageTokenCountError(inText, inIds);
    return collateRows(rows, options, tokens);
  }
}

function sourceOf<T>({ at, source }: ConversationMedium<T>): T {
  if (source !== undefined) return source;
  const expected =
    "a source (image, url, path or base64; video, url or path), or `tokenize: false` and then `process({ text, images })`";
  throw new InvalidArgumentError({ argument: at, expected, found: "none" });
}

function onlyOneKind(images: unknown, videos: unknown): void {
  if ((images === undefined) !== (videos === undefined)) return;
  const found = images === undefined ? "no text, images or videos" : "both without text";
  throw new InvalidArgumentError({ argument: "input", expected: "text, or exactly one of images and videos", found });
}

function checkTexts(texts: readonly string[]): void {
  if (!Array.isArray(texts) || texts.length === 0 || texts.some((text) => typeof text !== "string")) {
    throw new InvalidArgumentError({
      argument: "text",
      expected: "a string, or a list of at least one",
      found: Array.isArray(texts) ? "another list" : typeof texts,
    });
  }
}

function rowsOf(ids: readonly TokenIds[] | Tensor<"int32"> | Tensor<"int64">): readonly TokenIds[] {
  if (!("dims" in ids)) return ids;
  const [rows = 0, length = 0] = ids.dims;
  if (ids.dims.length !== 2) {
    throw new InvalidArgumentError({
      argument: "ids",
      expected: "a tensor [rows, length]",
      found: `shape [${ids.dims.join(", ")}]`,
    });
  }
  return Array.from({ length: rows }, (_, row) => ids.data.subarray(row * length, (row + 1) * length));
}
