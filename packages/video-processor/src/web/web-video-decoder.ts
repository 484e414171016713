import { InvalidArgumentError, MediaError, type ReadOptions } from "@smolvlm/contracts";
import { objectKind, type FetchLimits } from "@smolvlm/image-processor/web";
import type { VideoDecodeContext } from "../decode-context.js";
import { limit, MAX_BYTES, resolveDecoderOptions, TIMEOUT_MS, type VideoDecoderOptions } from "../decoder-options.js";
import type { VideoDecoder, VideoFile, VideoFrameSource } from "../video-frame-source.js";
import { abortable } from "./abortable.js";
import { openTrack } from "./open-track.js";
import { openWebFile } from "./open-web-file.js";
import { readWebFile } from "./read-web-file.js";
import { isWebFrames, openWebFrames, type WebFrame, type WebFrameSequence } from "./web-frames.js";

/** What a video may be given as in a browser: a file in one of its forms, a `<video>`, a camera, or frames. */
export type WebVideoSource =
  VideoFile | HTMLVideoElement | MediaStreamTrack | MediaStream | WebFrameSequence | readonly WebFrame[];

/** Options of `webVideoDecoder`. */
export interface WebVideoDecoderOptions extends VideoDecoderOptions {
  /** Most bytes of a video that has to be held as a whole: bytes, animations, files of servers that send no parts. Default 2 GiB. */
  readonly maxBytes?: number | undefined;
  /** How long fetching a file as a whole may take, milliseconds. Default 600,000. */
  readonly timeoutMs?: number | undefined;
  /** Seconds of a camera that are watched. Default 5. */
  readonly captureSeconds?: number | undefined;
  /** Frames a second of a camera, of which the processor chooses. Default 4. */
  readonly captureFps?: number | undefined;
  /**
   * Which of the machine's decoders are asked for. Those in software are there wherever the browser has the codec. Both give the same
   * frames, since these formats are decoded to the bit. Default `prefer-software`.
   */
  readonly hardwareAcceleration?: HardwareAcceleration | undefined;
}

/** A `VideoDecoder` that also takes what a page has. */
export interface WebVideoDecoder extends VideoDecoder {
  /** Whether this is one of the sources that only browsers have. */
  accepts(source: unknown): boolean;
  /**
   * Reads a video's frame table; frames are decoded when they are asked for. Of a `<video>` the file that it plays is opened, anew and from
   * its start; a camera is watched from the moment when frames are asked for. Dispose of the result.
   *
   * @throws MediaError when it cannot be fetched or read, is of an unknown kind, or is over a limit.
   */
  open(video: WebVideoSource, options?: ReadOptions): Promise<VideoFrameSource>;
}

const CAPTURE_SECONDS = 5;
const CAPTURE_FPS = 4;

function positive(argument: string, value: number | undefined, fallback: number): number {
  if (value === undefined || (Number.isFinite(value) && value > 0)) return value ?? fallback;
  throw new InvalidArgumentError({ argument, expected: "a number above 0", found: String(value) });
}

/** The file that a `<video>` plays, or the stream that it shows. */
function sourceOf(video: HTMLVideoElement): string | MediaStream {
  if (objectKind(video.srcObject) === "MediaStream") return video.srcObject as MediaStream;
  const url = video.currentSrc || video.src;
  if (url !== "") return url;
  throw new MediaError("HTMLVideoElement", "has no file; give it a src, or give the file itself.");
}

function trackOf(stream: MediaStream): MediaStreamTrack {
  const [track] = stream.getVideoTracks();
  if (track) return track;
  throw new MediaError("MediaStream", "has no video track.");
}

function isTrack(source: unknown): source is MediaStreamTrack {
  return objectKind(source).endsWith("MediaStreamTrack");
}

/**
 * A `VideoDecoder` for browsers, in pages and workers: mediabunny (to be installed beside this package) and WebCodecs for files,
 * `ImageDecoder` for animated GIF and WebP. Frames of 8-bit 4:2:0 files equal those in Node, and PyAV's, to the bit.
 *
 * @throws InvalidArgumentError for an option out of range.
 */
export function webVideoDecoder(options: WebVideoDecoderOptions = {}): WebVideoDecoder {
  const limits: FetchLimits = {
    maxBytes: limit("maxBytes", options.maxBytes, MAX_BYTES),
    timeoutMs: limit("timeoutMs", options.timeoutMs, TIMEOUT_MS),
  };
  const { hardwareAcceleration } = options;
  const context: VideoDecodeContext = { ...resolveDecoderOptions(options), hardwareAcceleration };
  const { maxPixels } = context;
  const sampling = {
    seconds: positive("captureSeconds", options.captureSeconds, CAPTURE_SECONDS),
    fps: positive("captureFps", options.captureFps, CAPTURE_FPS),
    maxPixels,
  };

  async function openFile(file: VideoFile, signal: AbortSignal | undefined): Promise<VideoFrameSource> {
    const found = await readWebFile(file, limits, signal);
    const source = await openWebFile(found, limits, { ...context, signal });
    return {
      ...source,
      frames(indices, readOptions) {
        const frames = source.frames(indices, readOptions);
        return readOptions?.signal ? abortable(frames, readOptions.signal) : frames;
      },
    };
  }

  return {
    accepts: (source) =>
      isTrack(source) || ["HTMLVideoElement", "MediaStream"].includes(objectKind(source)) || isWebFrames(source),
    async open(video, { signal } = {}) {
      signal?.throwIfAborted();
      const given = objectKind(video) === "HTMLVideoElement" ? sourceOf(video as HTMLVideoElement) : video;
      if (objectKind(given) === "MediaStream") return openTrack(trackOf(given as MediaStream), sampling);
      if (isTrack(given)) return openTrack(given, sampling);
      if (isWebFrames(given)) return openWebFrames(given, maxPixels, { signal });
      return openFile(given as VideoFile, signal);
    },
  };
}
