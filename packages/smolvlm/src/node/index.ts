import type { ModelFiles } from "@smolvlm/contracts";
import { loadWith } from "../load-smolvlm.js";
import { reportModel, type ModelReport, type ReportOptions } from "../model-report.js";
import type { SmolVLM } from "../smolvlm.js";
import type { FilesOptions, LoadOptions } from "./load-options.js";
import { nodeRuntime } from "./node-runtime.js";

export * from "../everywhere.js";
export * from "@smolvlm/contracts";
export type { DeviceOptions, FilesOptions, LoadOptions } from "./load-options.js";
export { availableDevices, nodeBackend, type AvailableDevice, type NodeBackendOptions } from "@smolvlm/backend-node";
export { convertModel, type ConvertOptions, type WrittenFile } from "./convert-model.js";
export {
  cacheEntries,
  cacheFolders,
  fileByteStore,
  openModel,
  removeCacheEntry,
  type CacheEntry,
  type CacheFolders,
} from "@smolvlm/hub/node";
export { nodeImageDecoder } from "@smolvlm/image-processor/node";
export { TruncatedVideoError, type ReadablePart } from "@smolvlm/video-processor";
export { nodeVideoDecoder, type NodeVideoDecoderOptions } from "@smolvlm/video-processor/node";

/**
 * Loads a model: a folder, `org/name` or `org/name@revision` on the Hugging Face Hub, a URL, or files opened before.
 *
 * @throws ModelFileError, ConfigError or WeightError when the files are not a SmolVLM checkpoint; HubError when they cannot be
 * fetched; BackendError when the device is not available here; the signal's reason when it is aborted.
 */
export function loadSmolVLM(model: string | ModelFiles, options: LoadOptions = {}): Promise<SmolVLM> {
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
