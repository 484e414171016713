import type { ModelFiles } from "@smolvlm/contracts";
import type { WebModelReference } from "@smolvlm/hub/web";
import { isModelFiles, loadWith } from "../load-smolvlm.js";
import { reportModel, type ModelReport, type ReportOptions } from "../model-report.js";
import type { SmolVLM } from "../smolvlm.js";
import type { FilesOptions, LoadOptions } from "./load-options.js";
import { webRuntime } from "./web-runtime.js";

export * from "../everywhere.js";
export * from "@smolvlm/contracts";
export { fetchModelFiles } from "./fetch-model-files.js";
export type { DeviceOptions, FilesOptions, LoadOptions } from "./load-options.js";
export {
  DeviceLostError,
  webBackend,
  type WasmPaths,
  type WebBackend,
  type WebBackendOptions,
  type WebDevice,
} from "@smolvlm/backend-web";
export {
  clearStored,
  listStored,
  measureStored,
  openModel,
  persistStored,
  type StoredModel,
  type StoredSize,
  type WebModelReference,
} from "@smolvlm/hub/web";
export { webImageDecoder } from "@smolvlm/image-processor/web";

/**
 * Loads a model: `org/name` or `org/name@revision` on the Hugging Face Hub, the address of a folder of files, a folder that the visitor
 * picked (a directory handle, or the files of an `<input webkitdirectory>`), or files opened before (`fetchModelFiles`, `openModel`).
 *
 * @throws ModelFileError, ConfigError or WeightError when the files are not a SmolVLM checkpoint; HubError when they cannot be
 * fetched; BackendError when the device is not available here; the signal's reason when it is aborted.
 */
export function loadSmolVLM(model: WebModelReference | ModelFiles, options: LoadOptions = {}): Promise<SmolVLM> {
  return loadWith(webRuntime, model, options);
}

/**
 * Says what a model is and needs, from its small files alone.
 *
 * @throws ModelFileError or ConfigError when the files are not a SmolVLM checkpoint; HubError when they cannot be fetched.
 */
export async function inspectModel(
  model: WebModelReference | ModelFiles,
  options: FilesOptions & ReportOptions = {},
): Promise<ModelReport> {
  const files = isModelFiles(model) ? model : await webRuntime.openFiles(model, options);
  return await reportModel(files, options);
}
