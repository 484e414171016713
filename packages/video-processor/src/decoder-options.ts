import { InvalidArgumentError } from "@smolvlm/contracts";
import type { ColorMatrix } from "./yuv-to-rgb.js";

/** Options that all video decoders have. */
export interface VideoDecoderOptions {
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
}

/** 8K: beyond it, one frame in its three forms takes more than 200 MB. */
const MAX_PIXELS = 8192 * 4320;
/** Most bytes of a file that has to be copied: an hour of good video. It goes to a temporary file or a Blob, not to memory. */
export const MAX_BYTES = 2 * 2 ** 30;
/** How long fetching a whole video may take, milliseconds. */
export const TIMEOUT_MS = 600_000;

/**
 * An option that is a limit.
 *
 * @throws InvalidArgumentError when it is not a whole number from 0.
 */
export function limit(argument: string, value: number | undefined, fallback: number): number {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value ?? fallback;
  throw new InvalidArgumentError({ argument, expected: "a whole number from 0", found: String(value) });
}

/**
 * An option that is one of some words, by default the first.
 *
 * @throws InvalidArgumentError when it is another.
 */
export function choice<T extends string>(argument: string, value: T | undefined, known: readonly [T, ...T[]]): T {
  if (value === undefined) return known[0];
  if (known.includes(value)) return value;
  throw new InvalidArgumentError({ argument, expected: known.join(" or "), found: String(value) });
}

/** @throws InvalidArgumentError for an option out of range. */
export function resolveDecoderOptions(options: VideoDecoderOptions) {
  return {
    maxPixels: limit("maxPixels", options.maxPixels, MAX_PIXELS),
    autoRotate: options.autoRotate ?? true,
    allowTruncated: options.allowTruncated ?? false,
    colorMatrix: choice("colorMatrix", options.colorMatrix, ["tagged", "bt601"]),
  } as const;
}
