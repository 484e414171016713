import type { ModelFiles } from "@smolvlm/contracts";
import { loadWith, type LoadOptions } from "../load-smolvlm.js";
import { reportModel, type ModelReport, type ReportOptions } from "../model-report.js";
import type { FilesOptions } from "../runtime.js";
import type { SmolVLM } from "../smolvlm.js";
import { nodeRuntime } from "./node-runtime.js";

export type { Answer, AnswerTimings, BatchAnswer } from "../answer.js";
export type { AnswerStream } from "../answer-stream.js";
export type { ChatSession, ChatSessionOptions } from "../chat-session.js";
export type { LoadOptions } from "../load-smolvlm.js";
export type {
  FormatEstimate,
  FrameCost,
  ModelReport,
  ParameterCounts,
  PictureCost,
  ReportOptions,
} from "../model-report.js";
export type { DeviceOptions, FilesOptions } from "../runtime.js";
export { SessionBusyError } from "../session-busy-error.js";
export type {
  BatchRequest,
  GenerateOptions,
  GenerateRequest,
  PrepareInputsOptions,
  PrepareOptions,
  SmolVLM,
} from "../smolvlm.js";
export { availableDevices, nodeBackend, type AvailableDevice, type NodeBackendOptions } from "@smolvlm/backend-node";
export * from "@smolvlm/contracts";
export { fileByteStore, openModel } from "@smolvlm/hub/node";
export { nodeImageDecoder } from "@smolvlm/image-processor/node";
export {
  QuantizationError,
  SmolVLMForConditionalGeneration,
  type DtypeChoice,
  type FinishReason,
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
export { nodeVideoDecoder, type NodeVideoDecoderOptions } from "@smolvlm/video-processor/node";

/**
 * Loads a model: a folder, `org/name` or `org/name@revision` on the Hugging Face Hub, a URL, or files opened before.
 *
 * @throws ModelFileError, ConfigError or WeightError when the files are not a SmolVLM checkpoint; HubError when they cannot be
 * fetched; BackendError when the device is not available here; the signal's reason when it is aborted.
 */
export function loadSmolVLM(model: string | ModelFiles, options?: LoadOptions): Promise<SmolVLM> {
  return loadWith(nodeRuntime, model, options);
}

/**
 * Says what a model is and needs, from its small files alone.
 *
 * @throws ModelFileError or ConfigError when the files are not a SmolVLM checkpoint; HubError when they cannot be fetched.
 */
export async function inspectModel(
  model: string | ModelFiles,
  options: FilesOptions & ReportOptions = {},
): Promise<ModelReport> {
  const files = typeof model === "string" ? await nodeRuntime.openFiles(model, options) : model;
  return await reportModel(files, options);
}
