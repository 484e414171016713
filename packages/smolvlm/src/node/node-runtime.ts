import { nodeBackend } from "@smolvlm/backend-node";
import { fileByteStore, openModel, smolvlmCacheDir } from "@smolvlm/hub/node";
import { nodeImageDecoder } from "@smolvlm/image-processor/node";
import { nodeVideoDecoder } from "@smolvlm/video-processor/node";
import type { Runtime } from "../runtime.js";
import type { LoadOptions } from "./load-options.js";
import { workerConverter } from "./worker-converter.js";

/** Node's parts: onnxruntime-node, sharp, ffmpeg or mediabunny, and folders for downloads and converted weights. */
export const nodeRuntime: Runtime<string, LoadOptions> = {
  openFiles: openModel,
  createBackend: (options) => nodeBackend({ ...options, eager: true }),
  createImageDecoder: nodeImageDecoder,
  createVideoDecoder: nodeVideoDecoder,
  createStore: () => fileByteStore(smolvlmCacheDir()),
  createConverter: workerConverter,
};
