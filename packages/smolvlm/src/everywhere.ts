// What the entries for Node and for browsers both export, beside `@smolvlm/contracts`: esbuild cannot see through a star over a star.
export type { Answer, AnswerTimings, BatchAnswer } from "./answer.js";
export type { AnswerStream } from "./answer-stream.js";
export type { ChatSession, ChatSessionOptions } from "./chat-session.js";
export type { BackendFacts, DeviceReport } from "./device-report.js";
export type { CommonLoadOptions } from "./load-smolvlm.js";
export type {
  FormatEstimate,
  FrameCost,
  ModelReport,
  ParameterCounts,
  PictureCost,
  ReportOptions,
} from "./model-report.js";
export { SessionBusyError } from "./session-busy-error.js";
export type {
  BatchRequest,
  GenerateOptions,
  GenerateRequest,
  PrepareInputsOptions,
  PrepareOptions,
  SmolVLM,
} from "./smolvlm.js";
export type { OnFrame } from "./watch-frames.js";
export {
  blockLengths,
  probeConversion,
  QuantizationError,
  SmolVLMForConditionalGeneration,
  type ConversionCheck,
  type DtypeChoice,
  type FinishReason,
  type KvCacheDtype,
  type ModelDtype,
  type PartFormats,
  type VisionCacheOptions,
  type WeightFormat,
} from "@smolvlm/model-core";
export {
  SmolVLMProcessor,
  type ChatMessage,
  type ContentPart,
  type Conversation,
  type VideoFrames,
} from "@smolvlm/processor";
export type { VideoSampling } from "@smolvlm/video-processor";
