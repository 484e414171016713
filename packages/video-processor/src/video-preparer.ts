import { InvalidArgumentError, type ReadOptions } from "@smolvlm/contracts";
import { isVideoInput } from "./open-frames.js";
import type {
  FrameStream,
  PreparedFrames,
  SmolVLMVideoProcessor,
  VideoCallOptions,
} from "./smolvlm-video-processor.js";
import type { VideoDecoder, VideoFile, VideoInput } from "./video-frame-source.js";

/** How one video is to be prepared. */
export interface VideoPreparerOptions extends ReadOptions {
  /** Whether the frames are wanted one by one, while they are decoded. Default false. */
  readonly stream?: boolean | undefined;
  /** Options for this video alone. */
  readonly videoOptions?: VideoCallOptions | undefined;
}

/** A video whose frames are decoded while they are taken. Disposing closes it. */
export interface OpenFrameStream extends FrameStream, AsyncDisposable {}

/** Decodes a video, chooses its frames and makes them ready. */
export type VideoPreparer = (
  source: unknown,
  options?: VideoPreparerOptions,
) => Promise<PreparedFrames | OpenFrameStream>;

function isVideoFile(source: unknown): source is VideoFile {
  if (typeof source === "string") return true;
  return (
    source instanceof URL || source instanceof Blob || source instanceof Uint8Array || source instanceof ArrayBuffer
  );
}

/**
 * What `SmolVLMProcessor` of `@smolvlm/processor` takes as `prepareVideo`: files go through the decoder, frames straight to the processor.
 *
 * @param options hold for every video, and each call's own come before them
 * @throws InvalidArgumentError (when called) for a source of another type, or a file without a decoder; what the decoder and
 * `SmolVLMVideoProcessor.prepare` throw.
 */
export function videoPreparer(
  processor: SmolVLMVideoProcessor,
  decoder?: VideoDecoder,
  options: VideoCallOptions = {},
): VideoPreparer {
  return async (source, { signal, stream = false, videoOptions = {} } = {}) => {
    const given = Object.entries(videoOptions).filter(([, value]) => value !== undefined);
    const merged: VideoCallOptions = { ...options, ...Object.fromEntries(given), signal };
    const video = await open(source, decoder, merged);
    const close = async (): Promise<void> => video.close?.();
    try {
      if (stream) return { ...(await processor.stream(video.input, merged)), [Symbol.asyncDispose]: close };
      const frames = await processor.prepare(video.input, merged);
      await close();
      return frames;
    } catch (error) {
      await close();
      throw error;
    }
  };
}

async function open(
  source: unknown,
  decoder: VideoDecoder | undefined,
  options: ReadOptions,
): Promise<{ readonly input: VideoInput; readonly close?: () => Promise<void> }> {
  const isPlatforms = decoder?.accepts?.(source) === true;
  if (!isPlatforms && isVideoInput(source)) return { input: source };
  if (!isPlatforms && !isVideoFile(source)) {
    const expected = "a path, a URL, bytes, a Blob, frames or { frames, fps }";
    throw new InvalidArgumentError({ argument: "video", expected, found: source === null ? "null" : typeof source });
  }
  if (decoder === undefined) {
    throw new InvalidArgumentError({
      argument: "decoder",
      expected: "a VideoDecoder, to read a video file",
      found: "none",
    });
  }
  const video = await decoder.open(source as VideoFile, { signal: options.signal });
  return { input: video, close: async () => video[Symbol.asyncDispose]?.() };
}
