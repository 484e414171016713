import { webBackend } from "@smolvlm/backend-web";
import { browserByteStore, openModel, type WebModelReference } from "@smolvlm/hub/web";
import { webImageDecoder } from "@smolvlm/image-processor/web";
import type { Runtime } from "../runtime.js";
import type { LoadOptions } from "./load-options.js";

/** A browser's parts: onnxruntime-web, its own decoders, and its stores for downloads and converted weights. */
export const webRuntime: Runtime<WebModelReference, LoadOptions> = {
  openFiles: openModel,
  createBackend: webBackend,
  createImageDecoder: webImageDecoder,
  createVideoDecoder: async () => (await import("@smolvlm/video-processor/web")).webVideoDecoder(),
  createStore: browserByteStore,
};
