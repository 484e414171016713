export type {
  ChatMessage,
  ContentPart,
  Conversation,
  ImagePart,
  ImageUrlPart,
  TextPart,
  VideoPart,
  VideoSource,
} from "./chat/conversation.js";
export { DEFAULT_CHAT_TEMPLATE } from "./chat/default-chat-template.js";
export type { RenderOptions } from "./chat/render-chat-template.js";
export type { PaddingOptions } from "./collate-rows.js";
export { ChatTemplateError, ImageTokenCountError, MediaCountError, MissingMediaError } from "./errors.js";
export type { Nested } from "./media/nested-media.js";
export type {
  PreparedVideo,
  PrepareVideo,
  PrepareVideoOptions,
  StreamedVideo,
  VideoFrames,
  VideoOptions,
} from "./media/prepared-video.js";
export type { PixelInputs } from "./media/process-media.js";
export type { EncodedConversations, MediaInputs, ReadMedium } from "./media/read-media.js";
export type { MediaKind } from "./prompt/expand-placeholders.js";
export { imagePrompt, type ImagePromptOptions } from "./prompt/image-prompt.js";
export type { MediaTokens } from "./prompt/media-tokens.js";
export { numberWords } from "./prompt/number-words.js";
export { videoPrompt, type VideoPromptOptions } from "./prompt/video-prompt.js";
export {
  SmolVLMProcessor,
  type ChatTemplateOptions,
  type FromPretrainedOptions,
  type MediaDecoding,
  type ProcessingOptions,
  type ProcessedInputs,
  type ProcessMedia,
  type ProcessorParts,
} from "./smolvlm-processor.js";
export { TextStreamDecoder, type TextStreamDecoderOptions } from "./text-stream-decoder.js";
export {
  SmolVLMTokenizer,
  type DecodeOptions,
  type EncodeOptions,
  type TokenIds,
} from "./tokenizer/smolvlm-tokenizer.js";
