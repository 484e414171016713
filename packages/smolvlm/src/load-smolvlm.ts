import { readModelConfig } from "@smolvlm/config";
import { InvalidArgumentError, type Backend, type ByteStore, type ModelFiles } from "@smolvlm/contracts";
import type { ImageDecoder } from "@smolvlm/image-processor";
import { SmolVLMForConditionalGeneration, type ModelDtype, type VisionCacheOptions } from "@smolvlm/model-core";
import { SmolVLMProcessor, type PrepareVideo } from "@smolvlm/processor";
import { SmolVLMVideoProcessor, videoPreparer, type VideoDecoder } from "@smolvlm/video-processor";
import type { DeviceOptions, FilesOptions, Runtime } from "./runtime.js";
import { SmolVLM } from "./smolvlm.js";

/** Options of loading a model. */
export interface LoadOptions extends FilesOptions, DeviceOptions {
  /** Format of the weights, for all parts or for each; `fp32` by default, which gives the reference's answers. */
  readonly dtype?: ModelDtype | undefined;
  /** A backend of your own instead of `device` and `threads`; it is not disposed with the model. */
  readonly backend?: Backend | undefined;
  /** Decoders of your own for media. */
  readonly decoders?:
    { readonly image?: ImageDecoder | undefined; readonly video?: VideoDecoder | undefined } | undefined;
  /** Where converted weights are kept instead of the platform's own place. */
  readonly store?: ByteStore | undefined;
  /**
   * How the features of pictures and frames are kept for when they are seen again: 64 MiB in memory by default, in a store as well where
   * one is given; false for not at all.
   */
  readonly visionCache?: VisionCacheOptions | false | undefined;
}

/**
 * Loads a model with the parts of `runtime`.
 *
 * @throws ModelFileError, ConfigError or WeightError when the files are not a SmolVLM checkpoint; HubError when they cannot be
 * fetched; BackendError when the device is not available here; the signal's reason when it is aborted.
 */
export async function loadWith(
  runtime: Runtime,
  reference: string | ModelFiles,
  options: LoadOptions = {},
): Promise<SmolVLM> {
  const { dtype, onProgress, signal } = options;
  const files = typeof reference === "string" ? await runtime.openFiles(reference, options) : reference;
  const decoders = { image: options.decoders?.image ?? runtime.createImageDecoder() };
  const backend = options.backend ?? runtime.createBackend(options);
  try {
    // One after the other: the processor's small files first, so that a wrong repository fails before its weights are fetched.
    const { modelType } = await readModelConfig(files, { signal });
    const videoDecoder = options.decoders?.video ?? runtime.createVideoDecoder();
    const prepareVideo =
      modelType === "smolvlm"
        ? videoPreparer(await SmolVLMVideoProcessor.fromPretrained(files, { signal }), videoDecoder)
        : refuseVideo(files.id);
    const processor = await SmolVLMProcessor.fromPretrained(files, { decoders, prepareVideo, signal });
    const model = await SmolVLMForConditionalGeneration.fromPretrained(files, {
      backend,
      dtype,
      store: options.store ?? runtime.createStore(),
      visionCache: options.visionCache,
      onProgress,
      signal,
    });
    return new SmolVLM({ processor, model, ownedBackend: options.backend ? undefined : backend });
  } catch (error) {
    if (!options.backend) await backend[Symbol.asyncDispose]();
    throw error;
  }
}

/** SmolVLM (`idefics3`) was never shown videos, and its checkpoints do not say how they would be read. */
function refuseVideo(id: string): PrepareVideo {
  return async () => {
    const expected = "a SmolVLM2 model, which understands videos";
    throw new InvalidArgumentError({
      argument: "video",
      expected,
      found: `${id}, which is a SmolVLM of the first generation`,
    });
  };
}
