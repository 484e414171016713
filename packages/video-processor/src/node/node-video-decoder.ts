import type { FetchLimits } from "@smolvlm/image-processor/node";
import { animationKind } from "../animation.js";
import {
  choice,
  limit,
  MAX_BYTES,
  resolveDecoderOptions,
  TIMEOUT_MS,
  type VideoDecoderOptions,
} from "../decoder-options.js";
import { refusePictures } from "../refuse-pictures.js";
import type { VideoDecoder, VideoFrameSource } from "../video-frame-source.js";
import { openAnimation } from "./open-animation.js";
import type { OpenContext } from "./open-context.js";
import { openFile, type VideoBackend } from "./open-file.js";
import { readVideoSource, type LocalVideo } from "./read-video-source.js";

/** Options of `nodeVideoDecoder`. */
export interface NodeVideoDecoderOptions extends VideoDecoderOptions {
  /**
   * What decodes videos other than GIF and WebP: `ffmpeg` (the programs ffmpeg and ffprobe), `mediabunny` (the packages mediabunny and
   * @mediabunny/server), or `auto`, which takes the first of these that is there. Default `auto`.
   */
  readonly backend?: VideoBackend | undefined;
  /** Path of the program ffmpeg; ffprobe is looked for beside it. Default: the environment variable FFMPEG_PATH, else `ffmpeg` on the PATH. */
  readonly ffmpegPath?: string | undefined;
  /** Most bytes of a video from a URL, bytes or a Blob. Default 2 GiB. A path has no limit: it is not copied. */
  readonly maxBytes?: number | undefined;
  /** How long fetching a URL may take in all, milliseconds. Default 600,000. */
  readonly timeoutMs?: number | undefined;
  /** How many redirects a URL may make. Default 5. */
  readonly maxRedirects?: number | undefined;
  /**
   * Whether a URL may be fetched; asked again for each redirect. A server that takes URLs from its users should refuse here what is not
   * public. Default: every http(s) URL.
   */
  readonly allowUrl?: ((url: URL) => boolean | Promise<boolean>) | undefined;
}

const MAX_REDIRECTS = 5;

/**
 * A `VideoDecoder` for Node. It reads paths, http(s) and `file:` URLs, bytes and Blobs. Animated GIF and WebP need the package `sharp`,
 * all else `ffmpeg`, or the packages `mediabunny` and `@mediabunny/server`.
 *
 * @throws InvalidArgumentError for an option out of range.
 */
export function nodeVideoDecoder(options: NodeVideoDecoderOptions = {}): VideoDecoder {
  const limits: FetchLimits = {
    maxBytes: limit("maxBytes", options.maxBytes, MAX_BYTES),
    timeoutMs: limit("timeoutMs", options.timeoutMs, TIMEOUT_MS),
    maxRedirects: limit("maxRedirects", options.maxRedirects, MAX_REDIRECTS),
    allowUrl: options.allowUrl ?? (() => true),
  };
  const ffmpeg = options.ffmpegPath ?? process.env["FFMPEG_PATH"] ?? "ffmpeg";
  const context: OpenContext = {
    ...resolveDecoderOptions(options),
    ffmpeg,
    ffprobe: ffmpeg.replace(/ffmpeg(\.exe)?$/i, "ffprobe$1"),
  };
  const backend = choice<VideoBackend>("backend", options.backend, ["auto", "mediabunny", "ffmpeg"]);

  async function openLocal(video: LocalVideo, signal: AbortSignal | undefined): Promise<VideoFrameSource> {
    const opening = { ...context, signal };
    const animation = animationKind(video.head);
    if (animation) return openAnimation(video, animation, opening);
    refusePictures(video.head, video.media);
    return openFile(video, backend, opening);
  }

  return {
    async open(file, { signal } = {}) {
      signal?.throwIfAborted();
      const video = await readVideoSource(file, limits, signal);
      try {
        const source = await openLocal(video, signal);
        return {
          ...source,
          async [Symbol.asyncDispose]() {
            await source[Symbol.asyncDispose]?.();
            await video.dispose();
          },
        };
      } catch (error) {
        await video.dispose();
        throw error;
      }
    },
  };
}
