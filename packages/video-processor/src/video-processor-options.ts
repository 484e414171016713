import { InvalidArgumentError } from "@smolvlm/contracts";
import {
  SmolVLMImageProcessorFast,
  type FastFlavour,
  type ImageProcessorOptions,
  type ResolvedOptions,
} from "@smolvlm/image-processor";
import type { FrameSampling } from "./sample-frame-indices.js";

/** Which frames of a video are taken. What is absent has the value of the processor. */
export interface VideoSampling {
  /** Frames wanted for each second of the video. Default 1. */
  readonly fps?: number | undefined;
  /** Most frames of a video. Default 64. */
  readonly numFrames?: number | undefined;
  /** Seconds left out at both ends of a long video. Default 1. */
  readonly skipSecs?: number | undefined;
  /** Times in seconds at which to take a frame; then the three others do not count. */
  readonly timestamps?: readonly number[] | undefined;
}

/**
 * The parameters of the reference's video processor. What is absent has the value of the processor, and what the processor was not
 * given has the class default. `VideoProcessorConfig` of `@smolvlm/config` can be passed as it is.
 */
export interface VideoProcessorOptions
  extends
    VideoSampling,
    Omit<
      ImageProcessorOptions,
      "doImageSplitting" | "returnRowColInfo" | "doConvertRgb" | "doResize" | "maxTiles" | "longestEdge"
    > {
  /** Whether frames are chosen, or all are taken. The class default is false, but every way through a chat template chooses. */
  readonly doSampleFrames?: boolean | undefined;
  /** Grey frames become RGB, and transparent ones are blended on white. When false they are refused. Default true. */
  readonly doConvertRgb?: boolean | undefined;
  /**
   * Whether frames are resized: first to `size`, keeping the aspect ratio, then to a square of `maxImageSize`. When false, frames keep
   * their size. Default true.
   */
  readonly doResize?: boolean | undefined;
  /**
   * Whether the first resize also enlarges. The published configurations make it enlarge every frame up to a longest edge of 2,048 before
   * the final 512 × 512, and the models' results were made so: hence the default, true. False leaves smaller frames as they are until the
   * final square: several times faster, and slightly different pixels.
   */
  readonly upsample?: boolean | undefined;
  /** Whose pixels; default `transformers-5`. */
  readonly flavour?: FastFlavour | undefined;
}

/** Options with every value present and checked. */
export interface ResolvedVideoOptions
  extends Omit<ResolvedOptions, "doImageSplitting" | "returnRowColInfo" | "maxTiles" | "longestEdge">, FrameSampling {
  readonly doSampleFrames: boolean;
  readonly upsample: boolean;
  readonly flavour: FastFlavour;
}

/** Most frames that may be asked for; a published model has room for about a hundred. */
const MAX_NUM_FRAMES = 65_536;

function fail(argument: string, expected: string, found: unknown): never {
  throw new InvalidArgumentError({
    argument,
    expected,
    found: typeof found === "string" ? JSON.stringify(found) : String(found),
  });
}

function flag(argument: string, value: unknown): boolean {
  return typeof value === "boolean" ? value : fail(argument, "true or false", value);
}

/**
 * @internal The values of `options`, then of `fallback`, then of the reference's class.
 * @throws InvalidArgumentError for a value of the wrong type or range, and for names in snake_case.
 */
export function resolveVideoOptions(
  options: VideoProcessorOptions,
  fallback: VideoProcessorOptions = {},
): ResolvedVideoOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const merged: VideoProcessorOptions = { ...fallback, ...Object.fromEntries(given) };
  const {
    doSampleFrames = false,
    upsample = true,
    numFrames = 64,
    fps = 1,
    skipSecs = 1,
    timestamps: _,
    ...pixels
  } = merged;
  const { config, flavour } = new SmolVLMImageProcessorFast({ ...pixels, doImageSplitting: false });
  const { doImageSplitting: _split, returnRowColInfo: _info, ...image } = config;
  if (!Number.isInteger(numFrames) || numFrames < 1 || numFrames > MAX_NUM_FRAMES) {
    fail("numFrames", `a whole number from 1 to ${MAX_NUM_FRAMES}`, numFrames);
  }
  if (!(fps > 0) || !Number.isFinite(fps)) fail("fps", "frames a second, above 0", fps);
  if (!(skipSecs >= 0) || !Number.isFinite(skipSecs)) fail("skipSecs", "seconds from 0", skipSecs);
  return {
    ...image,
    flavour,
    doSampleFrames: flag("doSampleFrames", doSampleFrames),
    upsample: flag("upsample", upsample),
    numFrames,
    fps,
    skipSecs,
  };
}
