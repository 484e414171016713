import { BackendError } from "@smolvlm/contracts";
import type { CreateRequest } from "@smolvlm/backend-common";
import * as ort from "onnxruntime-node";
import type { EngineOptions } from "./engine-options.js";

/** @throws BackendError when this build of onnxruntime-node does not have the device. */
function checkDevice({ device }: EngineOptions): void {
  const available = ort.listSupportedBackends();
  if (available.some(({ name }) => name === device)) return;
  const list = available
    .map(({ name, bundled }) => (bundled ? name : `${name} (where its libraries are installed)`))
    .join(", ");
  throw new BackendError("onnxruntime-node", `device "${device}" is not available here; choose one of ${list}.`);
}

/**
 * How onnxruntime-node is to create a session.
 *
 * @throws BackendError when this build of it does not have the device.
 */
export function sessionOptions(options: EngineOptions, request: CreateRequest): ort.InferenceSession.SessionOptions {
  checkDevice(options);
  const session = {
    // Work that threads share is divided as they go, half of what is left at a time, so that one that began late takes less: attention's heads are
    // few and each takes long. A token behind 2048 positions takes 2 % less; prompts and pictures take the same.
    dynamic_block_base: "1",
    ...(request.folder === undefined ? {} : { model_external_initializers_file_folder_path: request.folder }),
  };
  return {
    executionProviders: [options.device],
    intraOpNumThreads: options.threads,
    graphOptimizationLevel: "all",
    // ONNX Runtime would plan one block for all that runs of one shape need, and keep it beside what the first such run took: 55 of 705 MB in
    // an answer about a photo, for no time that could be told from noise.
    enableMemPattern: false,
    logSeverityLevel: options.logSeverity,
    externalData: request.weights.map(({ location, data }) => ({ path: location, data })),
    extra: { session },
  };
}
