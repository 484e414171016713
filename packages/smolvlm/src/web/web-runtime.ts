import { webBackend } from "@smolvlm/backend-web";
import { browserByteStore, openModel, type WebModelReference } from "@smolvlm/hub/web";
import { webImageDecoder } from "@smolvlm/image-processor/web";
import { inThisThread, type RowsConverter } from "@smolvlm/model-core";
import type { Runtime } from "../runtime.js";
import type { LoadOptions } from "./load-options.js";

/** A browser's parts: onnxruntime-web, its own decoders, and its stores for downloads and converted weights. */
export const webRuntime: Runtime<WebModelReference, LoadOptions> = {
  openFiles: openModel,
  createBackend: webBackend,
  createImageDecoder: webImageDecoder,
  createVideoDecoder: async () => (await import("@smolvlm/video-processor/web")).webVideoDecoder(),
  createStore: browserByteStore,
  createConverter: converterWhenNeeded,
};

/** The converter, whose code is loaded with the first weights that need it. */
function converterWhenNeeded(): RowsConverter & AsyncDisposable {
  let converter: Promise<RowsConverter & AsyncDisposable> | undefined;
  const open = async (): Promise<RowsConverter & AsyncDisposable> =>
    (await import("./worker-converter.js")).workerConverter(inThisThread);
  return {
    convert: async (request) => (await (converter ??= open())).convert(request),
    [Symbol.asyncDispose]: async () => (await converter)?.[Symbol.asyncDispose](),
  };
}
