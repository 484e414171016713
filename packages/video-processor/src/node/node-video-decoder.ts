import { InvalidArgumentError, MediaError } from "@smolvlm/contracts";
import type { FetchLimits } from "@smolvlm/image-processor/node";
import type { VideoDecoder, VideoFrameSource } from "../video-frame-source.js";
import type { ColorMatrix } from "../yuv-to-rgb.js";
import { animationKind, openAnimation } from "./open-animation.js";
import type { OpenContext } from "./open-context.js";
import { openFile, type VideoBackend } from "./open-file.js";
import { readVideoSource, type LocalVideo } from "./read-video-source.js";

/** Options of `nodeVideoDecoder`. */
export interface NodeVideoDecoderOptions {
  /**
   * What decodes videos other than GIF and WebP: `ffmpeg` (the programs ffmpeg and ffprobe), `mediabunny` (the packages mediabunny and
   * @mediabunny/server), or `auto`, which takes the first of these that is there. Default `auto`.
   */
  readonly backend?: VideoBackend | undefined;
  /** Path of the program ffmpeg; ffprobe is looked for beside it. Default: the environment variable FFMPEG_PATH, else `ffmpeg` on the PATH. */
  readonly ffmpegPath?: string | undefined;
  /**
   * Which matrix turns YUV into RGB: the one that the video names (`tagged`; BT.601 where it names none), as ffmpeg and today's PyAV do,
   * or always BT.601, as PyAV before 11 and OpenCV do. Default `tagged`.
   */
  readonly colorMatrix?: ColorMatrix | undefined;
  /** Whether frames are turned upright as the video says: ffmpeg does, PyAV does not. Default true. */
  readonly autoRotate?: boolean | undefined;
  /** Whether the readable part of a truncated video is taken as the video, instead of an error. Default false. */
  readonly allowTruncated?: boolean | undefined;
  /** Most pixels of a frame. Default 35,389,440 (8192 × 4320). */
  readonly maxPixels?: number | undefined;
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

/** 8K: beyond it, one frame in its three forms takes more than 200 MB. */
const MAX_PIXELS = 8192 * 4320;
/** An hour of good video; it goes to a temporary file, not to memory. */
const MAX_BYTES = 2 * 2 ** 30;
const TIMEOUT_MS = 600_000;
const MAX_REDIRECTS = 5;

function limit(argument: string, value: number | undefined, fallback: number): number {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value ?? fallback;
  throw new InvalidArgumentError({ argument, expected: "a whole number from 0", found: String(value) });
}

function choice<T extends string>(argument: string, value: T | undefined, known: readonly [T, ...T[]]): T {
  if (value === undefined) return known[0];
  if (known.includes(value)) return value;
  throw new InvalidArgumentError({ argument, expected: known.join(" or "), found: String(value) });
}

// Files that people give by mistake. FFmpeg would open some of them as a video of one frame.
const NOT_VIDEOS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["a JPEG picture", /^\xff\xd8\xff/],
  ["a PNG picture", /^\x89PNG/],
  ["a BMP picture", /^BM/],
  ["a TIFF picture", /^(?:II[*+]\0|MM\0[*+])/],
  ["an AVIF or HEIC picture", /^[^]{4}ftyp(?:avif|hei[cx]|mif1)/],
  ["an HTML page", /^\s*<(?:!doctype html|html)/i],
  ["a PDF", /^%PDF/],
];

function refusePictures({ head, media }: LocalVideo): void {
  const text = Buffer.from(head.subarray(0, 64)).toString("latin1");
  const found = NOT_VIDEOS.find(([, pattern]) => pattern.test(text));
  if (found) throw new MediaError(media, `is ${found[0]}, not a video.`);
}

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
    maxPixels: limit("maxPixels", options.maxPixels, MAX_PIXELS),
    autoRotate: options.autoRotate ?? true,
    allowTruncated: options.allowTruncated ?? false,
    colorMatrix: choice("colorMatrix", options.colorMatrix, ["tagged", "bt601"]),
    ffmpeg,
    ffprobe: ffmpeg.replace(/ffmpeg(\.exe)?$/i, "ffprobe$1"),
  };
  const backend = choice<VideoBackend>("backend", options.backend, ["auto", "mediabunny", "ffmpeg"]);

  async function openLocal(video: LocalVideo, signal: AbortSignal | undefined): Promise<VideoFrameSource> {
    const opening = { ...context, signal };
    const animation = animationKind(video.head);
    if (animation) return openAnimation(video, animation, opening);
    refusePictures(video);
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
