import { InvalidArgumentError } from "@smolvlm/contracts";
import type { Size } from "../resize-geometry.js";
import { atenWeights, axisWeights, pillowWeights, type AxisWeights, type FixedPointWeights } from "./axis-weights.js";
import { filterOf, Resample } from "./filter.js";
import { resampleInTypeScript, type FixedPointResampler, type RgbPixels } from "./fixed-point-resampler.js";
import { resampleInFloat32 } from "./float-resampler.js";
import { nearestInAten, nearestInPillow } from "./nearest.js";
import { loadWasmResampler } from "./wasm-resampler.js";

/**
 * Whose arithmetic a resize has, to the last bit: `pillow` and `torchvision` round to 8 bits after each of the two passes, with
 * weights of 22 bits and of 16 bits; `torchvision-float32` computes in float32 and rounds once (torchvision's transforms v1).
 */
export type ResampleArithmetic = "pillow" | "torchvision" | "torchvision-float32";

let fixedPointResampler: FixedPointResampler | undefined;

/** What resizes: see `resizeEngine`. */
export type ResizeEngine = "webassembly" | "typescript";

/**
 * What resizes here: WebAssembly, or, several times slower and with the same bits, TypeScript, under a content security policy without
 * `wasm-unsafe-eval` and where there is no SIMD.
 */
export function resizeEngine(): ResizeEngine {
  return fixedPoint() === resampleInTypeScript ? "typescript" : "webassembly";
}

/** WebAssembly where it runs; TypeScript under a content security policy without `wasm-unsafe-eval` or without SIMD. Same bits. */
function fixedPoint(): FixedPointResampler {
  return (fixedPointResampler ??= loadWasmResampler() ?? resampleInTypeScript);
}

/** The weights of both axes; undefined for one whose size does not change. */
function fixedPointAxes(
  image: Size,
  { width, height }: Size,
  resample: Resample,
  round: (axis: AxisWeights) => FixedPointWeights,
): readonly [horizontal: FixedPointWeights | undefined, vertical: FixedPointWeights | undefined] {
  const filter = filterOf(resample);
  return [
    width === image.width ? undefined : round(axisWeights(image.width, width, filter)),
    height === image.height ? undefined : round(axisWeights(image.height, height, filter)),
  ];
}

/**
 * Whether Pillow resizes the columns first, which rounds differently: since 12.3 it does for pictures more than 100 times as high as wide
 * that become less high.
 */
function isColumnsFirst(image: Size, { height }: Size, arithmetic: ResampleArithmetic): boolean {
  return arithmetic === "pillow" && image.height > 100 * image.width && height < image.height;
}

/** Rows [first, end) of a picture; a view. */
function rowsOf({ width, data }: RgbPixels, first: number, end: number): RgbPixels {
  return { width, height: end - first, data: data.subarray(first * width * 3, end * width * 3) };
}

function checkTorchvisionFilter(resample: Resample): void {
  if (resample !== Resample.BOX && resample !== Resample.HAMMING) return;
  throw new InvalidArgumentError({
    argument: "resample",
    expected: "NEAREST, LANCZOS, BILINEAR or BICUBIC (torchvision has no BOX and HAMMING; SmolVLMImageProcessor does)",
    found: String(resample),
  });
}

/**
 * RGB pixels at another size; the same object when the size does not change.
 *
 * @throws InvalidArgumentError when the arithmetic does not know the filter.
 */
export function resizePixels(
  image: RgbPixels,
  size: Size,
  resample: Resample,
  arithmetic: ResampleArithmetic,
): RgbPixels {
  if (arithmetic !== "pillow") checkTorchvisionFilter(resample);
  if (size.width === image.width && size.height === image.height) return image;
  if (resample === Resample.NEAREST) {
    return (arithmetic === "pillow" ? nearestInPillow : nearestInAten)(image, size.width, size.height);
  }
  switch (arithmetic) {
    case "pillow": {
      const [horizontal, vertical] = fixedPointAxes(image, size, resample, pillowWeights);
      if (!isColumnsFirst(image, size, arithmetic)) return fixedPoint()(image, horizontal, vertical);
      return fixedPoint()(fixedPoint()(image, undefined, vertical), horizontal, undefined);
    }
    case "torchvision":
      return fixedPoint()(image, ...fixedPointAxes(image, size, resample, atenWeights));
    case "torchvision-float32":
      return resampleInFloat32(image, size, resample);
  }
}

/** Makes the rows [first, end) of a resized picture. */
export type RowResizer = (first: number, end: number) => RgbPixels;

/**
 * The rows of what {@link resizePixels} gives, in the same bits, each made when it is asked for.
 *
 * @throws InvalidArgumentError when the arithmetic does not know the filter.
 */
export function rowResizer(
  image: RgbPixels,
  size: Size,
  resample: Resample,
  arithmetic: ResampleArithmetic,
): RowResizer {
  const isSame = size.width === image.width && size.height === image.height;
  const isWhole = resample === Resample.NEAREST || arithmetic === "torchvision-float32";
  if (isSame || isWhole || isColumnsFirst(image, size, arithmetic)) {
    const whole = resizePixels(image, size, resample, arithmetic);
    return (first, end) => rowsOf(whole, first, end);
  }
  if (arithmetic !== "pillow") checkTorchvisionFilter(resample);
  const round = arithmetic === "pillow" ? pillowWeights : atenWeights;
  const [horizontal, vertical] = fixedPointAxes(image, size, resample, round);
  if (!vertical) return (first, end) => fixedPoint()(rowsOf(image, first, end), horizontal, undefined);
  return (first, end) => {
    const { starts, counts, stride, weights } = vertical;
    // Both ends of what a row needs only move on from row to row.
    const from = starts[first] as number;
    const to = (starts[end - 1] as number) + (counts[end - 1] as number);
    const part: FixedPointWeights = {
      ...vertical,
      starts: starts.slice(first, end).map((start) => start - from),
      counts: counts.slice(first, end),
      weights: weights.slice(first * stride, end * stride),
    };
    return fixedPoint()(rowsOf(image, from, to), horizontal, part);
  };
}
