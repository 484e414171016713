import { InvalidArgumentError } from "@smolvlm/contracts";
import { Resample } from "./resample/filter.js";

/** What the first resize aims at: the longest edge in pixels, keeping the aspect ratio, or an exact size. */
export type TargetSize = { readonly longestEdge: number } | { readonly height: number; readonly width: number };

/**
 * The parameters of the reference's image processor. What is absent has the value of the processor, and what the processor was not
 * given has the class default written here. `ImageProcessorConfig` of `@smolvlm/config` can be passed as it is.
 */
export interface ImageProcessorOptions {
  /** Grey and RGBA pictures become RGB; alpha is dropped, not blended. When false they are refused. Default true. */
  readonly doConvertRgb?: boolean | undefined;
  /** Whether the first resize, to `size`, is done. The resize to whole tiles always is. Default true. */
  readonly doResize?: boolean | undefined;
  /** Target of the first resize, pixels. Small pictures are enlarged to it. Default `{ longestEdge: 1456 }`. */
  readonly size?: TargetSize | undefined;
  /** Filter of every resize, a number of `Resample`. Default `Resample.LANCZOS`. */
  readonly resample?: number | undefined;
  /** Whether a picture is cut into tiles followed by a global frame, or is a single frame. Default true. */
  readonly doImageSplitting?: boolean | undefined;
  /** Side of a tile, and of every frame, in pixels. Default `{ longestEdge: 364 }`. */
  readonly maxImageSize?: { readonly longestEdge: number } | undefined;
  /**
   * Most tiles of a picture, the global frame not counted. A picture that would have more is resized to the greatest `size.longestEdge` of
   * whole tiles whose grid has no more, its aspect ratio kept: the pixels are the reference's with that `size`. 1 makes a single frame of
   * every picture. Default: no limit, as in the reference.
   */
  readonly maxTiles?: number | undefined;
  /**
   * Most pixels of the longest edge after the first resize, whatever `size` asks for: the pixels are the reference's with
   * `size: { longestEdge }` where `size` is greater. Default: no limit, as in the reference.
   */
  readonly longestEdge?: number | undefined;
  /** Whether levels 0–255 are multiplied by `rescaleFactor`. Default true. */
  readonly doRescale?: boolean | undefined;
  /** Default 1/255. */
  readonly rescaleFactor?: number | undefined;
  /** Whether `imageMean` is subtracted and the result divided by `imageStd`. Default true. */
  readonly doNormalize?: boolean | undefined;
  /** One number, or one for each of red, green and blue. Default 0.5. */
  readonly imageMean?: number | readonly number[] | undefined;
  /** One number, or one for each of red, green and blue; not 0. Default 0.5. */
  readonly imageStd?: number | readonly number[] | undefined;
  /**
   * Whether samples with fewer frames are filled up with frames of zeros, and a mask is returned. When false, all samples must have
   * the same number of frames, and there is no mask. Default true.
   */
  readonly doPad?: boolean | undefined;
  /** Whether `rows` and `cols` are returned. Default false. */
  readonly returnRowColInfo?: boolean | undefined;
}

/** Options with every value present and checked. */
export interface ResolvedOptions {
  readonly doConvertRgb: boolean;
  readonly doResize: boolean;
  readonly size: TargetSize;
  readonly resample: Resample;
  readonly doImageSplitting: boolean;
  readonly maxImageSize: { readonly longestEdge: number };
  /** No limit where absent. */
  readonly maxTiles?: number | undefined;
  /** No limit where absent. */
  readonly longestEdge?: number | undefined;
  readonly doRescale: boolean;
  readonly rescaleFactor: number;
  readonly doNormalize: boolean;
  readonly imageMean: readonly [number, number, number];
  readonly imageStd: readonly [number, number, number];
  readonly doPad: boolean;
  readonly returnRowColInfo: boolean;
}

/** Largest side that `size` and `maxImageSize` may name: beyond it, one frame alone would take a gigabyte. */
const MAX_SIDE = 8192;

function fail(argument: string, expected: string, found: unknown): never {
  throw new InvalidArgumentError({
    argument,
    expected,
    found: typeof found === "string" ? JSON.stringify(found) : String(found),
  });
}

function flag(
  options: ImageProcessorOptions,
  name: keyof ImageProcessorOptions & keyof ResolvedOptions,
  fallback: boolean,
): boolean {
  const value: unknown = options[name] ?? fallback;
  return typeof value === "boolean" ? value : fail(name, "true or false", value);
}

function side(argument: string, value: unknown): number {
  const ok = typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_SIDE;
  return ok ? value : fail(argument, `a whole number of pixels from 1 to ${MAX_SIDE}`, value);
}

function targetSize(size: TargetSize): TargetSize {
  if (typeof size !== "object" || size === null) return fail("size", "{ longestEdge } or { height, width }", size);
  if ("longestEdge" in size) return { longestEdge: side("size.longestEdge", size.longestEdge) };
  return { height: side("size.height", size.height), width: side("size.width", size.width) };
}

function tileLimit(value: unknown): number {
  const ok = typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
  return ok ? value : fail("maxTiles", "a whole number from 1", value);
}

function filter(value: number): Resample {
  const known = Object.values(Resample).find((number) => number === value);
  return known ?? fail("resample", "a number of Resample, 0 to 5", value);
}

function channels(
  argument: string,
  value: number | readonly number[],
  valid: (x: number) => boolean,
): readonly [number, number, number] {
  const given: readonly unknown[] =
    typeof value === "number" ? [value, value, value] : Array.isArray(value) ? value : [];
  const [red, green, blue] = given;
  if (given.length !== 3 || !given.every((x) => typeof x === "number" && Number.isFinite(x) && valid(x))) {
    return fail(argument, "one finite number, or three (red, green, blue); imageStd not 0", value);
  }
  return [red as number, green as number, blue as number];
}

/**
 * @internal The values of `options`, then of `fallback`, then of the reference's class.
 * @throws InvalidArgumentError for a value of the wrong type or range, and for names in snake_case.
 */
export function resolveOptions(options: ImageProcessorOptions, fallback: ImageProcessorOptions = {}): ResolvedOptions {
  const snake = Object.keys(options).find((name) => name.includes("_"));
  if (snake !== undefined) fail(snake, "names in camelCase; `fromConfig` reads the Hub's JSON", "snake_case");
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const merged: ImageProcessorOptions = { ...fallback, ...Object.fromEntries(given) };
  const rescaleFactor = merged.rescaleFactor ?? 1 / 255;
  if (typeof rescaleFactor !== "number" || !Number.isFinite(rescaleFactor) || rescaleFactor === 0) {
    fail("rescaleFactor", "a finite number other than 0", rescaleFactor);
  }
  return {
    doConvertRgb: flag(merged, "doConvertRgb", true),
    doResize: flag(merged, "doResize", true),
    size: targetSize(merged.size ?? { longestEdge: 4 * 364 }),
    resample: filter(merged.resample ?? Resample.LANCZOS),
    doImageSplitting: flag(merged, "doImageSplitting", true),
    maxImageSize: {
      longestEdge: side("maxImageSize.longestEdge", (merged.maxImageSize ?? { longestEdge: 364 }).longestEdge),
    },
    ...(merged.maxTiles !== undefined && { maxTiles: tileLimit(merged.maxTiles) }),
    ...(merged.longestEdge !== undefined && { longestEdge: side("longestEdge", merged.longestEdge) }),
    doRescale: flag(merged, "doRescale", true),
    rescaleFactor,
    doNormalize: flag(merged, "doNormalize", true),
    imageMean: channels("imageMean", merged.imageMean ?? 0.5, () => true),
    imageStd: channels("imageStd", merged.imageStd ?? 0.5, (x) => x !== 0),
    doPad: flag(merged, "doPad", true),
    returnRowColInfo: flag(merged, "returnRowColInfo", false),
  };
}
