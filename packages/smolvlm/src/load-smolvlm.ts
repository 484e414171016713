import { readModelConfig, readVideoProcessorConfig } from "@smolvlm/config";
import { InvalidArgumentError, type Backend, type ByteStore, type ModelFiles } from "@smolvlm/contracts";
import type { ImageDecoder } from "@smolvlm/image-processor";
import {
  SmolVLMForConditionalGeneration,
  type ConversionCheck,
  type KvCacheDtype,
  type LoadProgress,
  type ModelDtype,
  type VisionCacheOptions,
} from "@smolvlm/model-core";
import { SmolVLMProcessor, type PrepareVideo } from "@smolvlm/processor";
import type { VideoDecoder } from "@smolvlm/video-processor";
import { reportDevice } from "./device-report.js";
import { loadWhileMaking } from "./load-while-making.js";
import type { FilesOptions, Runtime } from "./runtime.js";
import { SmolVLM } from "./smolvlm.js";
import { weightMeter } from "./weight-meter.js";

/** Options of loading a model that are the same on every platform. */
export interface CommonLoadOptions extends FilesOptions {
  /** Format of the weights, for all parts or for each; `fp32` by default, which gives the reference's answers. */
  readonly dtype?: ModelDtype | undefined;
  /**
   * How past keys and values are kept; `fp32` by default. `int8` takes a quarter of the memory and changes answers a little: for long
   * contexts, videos and many rows. Not on WebGPU.
   */
  readonly kvCacheDtype?: KvCacheDtype | undefined;
  /** A backend of your own instead of the platform's own; it is not disposed with the model. */
  readonly backend?: Backend | undefined;
  /** Decoders of your own for media. */
  readonly decoders?:
    { readonly image?: ImageDecoder | undefined; readonly video?: VideoDecoder | undefined } | undefined;
  /** Where converted weights are kept instead of the platform's own place. */
  readonly store?: ByteStore | undefined;
  /**
   * Checks each part of the model as a whole after its weights were converted, beside its matrices, which always are: `probeConversion`
   * compares what it makes of a built-in input with what the unquantised weights make of it. Takes about as long as converting.
   */
  readonly check?: ConversionCheck | undefined;
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
export async function loadWith<Reference, Options extends CommonLoadOptions>(
  runtime: Runtime<Reference, Options>,
  reference: Reference | ModelFiles,
  options: Options,
): Promise<SmolVLM> {
  const { dtype, check } = options;
  const files = isModelFiles(reference) ? reference : await runtime.openFiles(reference, options);
  // It starts in a thread of its own while this one reads the processor's files.
  const starting = Promise.resolve(options.backend ?? runtime.createBackend(options));
  // Not `await using`, nor elsewhere in what a page loads: it would load half a kilobyte for it.
  const converter = runtime.createConverter();
  let hasStarted = false;
  try {
    // The weights come last, so that a wrong repository fails before anything large is fetched; a wrong tokenizer when that has just begun.
    const [makeProcessor, backend] = await Promise.all([readProcessor(runtime, files, options), starting]);
    hasStarted = true;
    const meter = weightMeter(backend);
    const load = (progress: LoadProgress): Promise<SmolVLMForConditionalGeneration> =>
      SmolVLMForConditionalGeneration.fromPretrained(files, {
        backend: meter,
        dtype,
        kvCacheDtype: options.kvCacheDtype,
        store: options.store ?? runtime.createStore(options),
        converter,
        // What it loads and lets go is not the model's.
        check: check && ((converted) => check({ ...converted, backend })),
        visionCache: options.visionCache,
        ...progress,
      });
    const [model, processor] = await loadWhileMaking(load, makeProcessor, options);
    const device = reportDevice(backend);
    return new SmolVLM({ processor, model, meter, device, ownedBackend: options.backend ? undefined : backend });
  } catch (error) {
    const disposed = starting.then((started) => (options.backend ? undefined : started[Symbol.asyncDispose]()));
    // Its own error, if it does not start, is this one or comes too late.
    disposed.catch(() => undefined);
    if (hasStarted) await disposed;
    throw error;
  } finally {
    await converter[Symbol.asyncDispose]();
  }
}

/** Whether these are opened files, and not what names them. */
export function isModelFiles(reference: unknown): reference is ModelFiles {
  return typeof reference === "object" && reference !== null && "open" in reference && "prefetch" in reference;
}

/** Reads what a processor is made of; the tokenizer is made later. */
async function readProcessor<Options extends CommonLoadOptions>(
  runtime: Runtime<never, Options>,
  files: ModelFiles,
  options: Options,
): Promise<() => SmolVLMProcessor> {
  const { signal } = options;
  const decoders = { image: options.decoders?.image ?? runtime.createImageDecoder() };
  const { modelType } = await readModelConfig(files, { signal });
  const createDecoder = (): VideoDecoder | Promise<VideoDecoder> =>
    options.decoders?.video ?? runtime.createVideoDecoder();
  const prepareVideo = modelType === "smolvlm" ? await readVideos(files, createDecoder, signal) : refuseVideo(files.id);
  return await SmolVLMProcessor.read(files, { decoders, prepareVideo, signal });
}

/** How videos are read. The code for them is loaded with the first one: a page that shows pictures does without it. */
async function readVideos(
  files: ModelFiles,
  createDecoder: () => VideoDecoder | Promise<VideoDecoder>,
  signal: AbortSignal | undefined,
): Promise<PrepareVideo> {
  const config = await readVideoProcessorConfig(files, { signal });
  let preparer: Promise<PrepareVideo> | undefined;
  const load = async (): Promise<PrepareVideo> => {
    const { SmolVLMVideoProcessor, videoPreparer } = await import("@smolvlm/video-processor");
    return videoPreparer(new SmolVLMVideoProcessor(config), await createDecoder());
  };
  return async (source, options) => (await (preparer ??= load()))(source, options);
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
