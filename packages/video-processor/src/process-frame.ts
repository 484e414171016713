import { Resample, type FastFlavour } from "@smolvlm/image-processor";
import {
  longestEdgeSize,
  MAX_IMAGE_SIZE,
  resizePixels,
  rgbPixels,
  torchvisionPixelTables,
  type ResampleArithmetic,
  type RgbPixels,
  type Size,
} from "@smolvlm/image-processor/pixels";
import type { RawImage } from "@smolvlm/contracts";
import type { ResolvedVideoOptions } from "./video-processor-options.js";

/** A frame as the model takes it: three planes of `height` × `width` values. */
export interface ProcessedFrame extends Size {
  readonly values: Float32Array;
}

/** Makes a frame ready; `index` is its place among the frames given, for messages. */
export type FrameProcessor = (frame: RawImage, index: number) => ProcessedFrame;

/** How each flavour resizes. */
const FLAVOURS: Record<FastFlavour, { readonly arithmetic: ResampleArithmetic; readonly lanczos: Resample }> = {
  "transformers-5": { arithmetic: "torchvision", lanczos: Resample.LANCZOS },
  "transformers-5-bicubic": { arithmetic: "torchvision", lanczos: Resample.BICUBIC },
  "transformers-4": { arithmetic: "torchvision-float32", lanczos: Resample.BICUBIC },
};

/** The size after the first resize. */
function firstSize(frame: Size, { size, upsample }: ResolvedVideoOptions): Size {
  if (!("longestEdge" in size)) return size;
  const edge = Math.min(size.longestEdge, MAX_IMAGE_SIZE);
  if (!upsample && Math.max(frame.width, frame.height) <= edge) return frame;
  return longestEdgeSize(frame, edge);
}

/** RGB; transparency shows white, as in the reference, though rounded to 8 bits here before anything else is done. */
function opaquePixels(frame: RawImage, convert: boolean, argument: string): RgbPixels {
  const rgb = rgbPixels(frame, convert, argument);
  if (frame.data.length !== frame.width * frame.height * 4) return rgb;
  for (let from = 3, to = 0; from < frame.data.length; from += 4, to += 3) {
    const alpha = (frame.data[from] as number) / 255;
    if (alpha === 1) continue;
    for (let i = to; i < to + 3; i++) rgb.data[i] = Math.round(255 * (1 - alpha) + (rgb.data[i] as number) * alpha);
  }
  return rgb;
}

/**
 * The reference's work on one frame: RGB, resize to `size`, resize to the square, rescale and normalise.
 *
 * @throws InvalidArgumentError (when called) for a malformed frame, or one that is not RGB with `doConvertRgb: false`.
 */
export function frameProcessor(options: ResolvedVideoOptions): FrameProcessor {
  const [redTable, greenTable, blueTable] = torchvisionPixelTables(options);
  const { arithmetic, lanczos } = FLAVOURS[options.flavour];
  const filter = options.resample === Resample.LANCZOS ? lanczos : options.resample;
  const side = options.maxImageSize.longestEdge;
  return (frame, index) => {
    let pixels = opaquePixels(frame, options.doConvertRgb, `frames[${index}]`);
    if (options.doResize) {
      pixels = resizePixels(pixels, firstSize(pixels, options), filter, arithmetic);
      pixels = resizePixels(pixels, { width: side, height: side }, filter, arithmetic);
    }
    const { width, height, data } = pixels;
    const plane = width * height;
    const values = new Float32Array(3 * plane);
    const bits = new Int32Array(values.buffer);
    for (let i = 0, from = 0; i < plane; i++, from += 3) {
      bits[i] = redTable[data[from] as number] as number;
      bits[i + plane] = greenTable[data[from + 1] as number] as number;
      bits[i + 2 * plane] = blueTable[data[from + 2] as number] as number;
    }
    return { width, height, values };
  };
}
