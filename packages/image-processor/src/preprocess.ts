import { InvalidArgumentError, tensor, type RawImage, type Tensor } from "@smolvlm/contracts";
import type { ResolvedOptions } from "./image-processor-options.js";
import type { PixelTables } from "./pixel-table.js";
import { pictureFrames, type FrameView, type Resizing } from "./picture-frames.js";
import { planFrames } from "./plan-frames.js";
import { rgbPixels } from "./rgb-pixels.js";

/** One picture; several, which are the pictures of one sample; or a batch of samples, each with any number of pictures. */
export type ImageInput = RawImage | readonly RawImage[] | readonly (readonly RawImage[])[];

/** What the model takes, under the reference's names. M is `maxImageSize.longestEdge`. */
export interface ImageProcessorOutput {
  /** Frames [samples, frames, 3, M, M]: of each picture its tiles row by row, then the global frame; missing frames are all 0. */
  readonly pixelValues: Tensor<"float32">;
  /** 1 where a frame has pixels [samples, frames, M, M]; absent with `doPad: false`. */
  readonly pixelAttentionMask?: Tensor<"bool"> | undefined;
  /** Rows of tiles of each picture of each sample, 0 for a picture that was not split; only with `returnRowColInfo`. */
  readonly rows?: number[][] | undefined;
  /** Columns of tiles, as `rows`. */
  readonly cols?: number[][] | undefined;
}

/** What differs between the reference's two processors. */
export interface Flavour extends Resizing {
  tables(options: ResolvedOptions): PixelTables;
}

/** The frames of one picture, made one by one. */
export interface ImageFrames {
  /** Rows and columns of tiles, 0 for a picture that is not split. */
  readonly rows: number;
  readonly cols: number;
  /** How many frames there will be. */
  readonly count: number;
  /** One frame [3, M, M] after the other: the tiles row by row, then the global frame. Iterate once. */
  readonly frames: Iterable<Tensor<"float32">>;
}

/** Most values in `pixelValues`: 8 GiB of float32, beyond which engines refuse the array with a message that helps nobody. */
const MAX_PIXEL_VALUES = 2 ** 31;

function isImage(value: ImageInput): value is RawImage {
  return !Array.isArray(value);
}

function nest(images: ImageInput): readonly (readonly RawImage[])[] {
  const fail = (found: string): never => {
    throw new InvalidArgumentError({
      argument: "images",
      expected: "a picture, a list of pictures, or a list of such lists",
      found,
    });
  };
  if (isImage(images)) return [[images]];
  if (images.length === 0) return fail("an empty list");
  const nested = images.filter((entry) => Array.isArray(entry)).length;
  if (nested === 0) return [images as readonly RawImage[]];
  if (nested < images.length) return fail("pictures and lists side by side");
  return images as readonly (readonly RawImage[])[];
}

/** Writes the square of `tile` pixels at (left, top) of `image` as three planes from `offset` on. */
function writeFrame(
  to: Int32Array,
  offset: number,
  { image, left, top }: FrameView,
  tile: number,
  tables: PixelTables,
): void {
  const [redTable, greenTable, blueTable] = tables;
  const { data, width } = image;
  const plane = tile * tile;
  let red = offset;
  for (let y = top; y < top + tile; y++) {
    let from = (y * width + left) * 3;
    for (const end = from + tile * 3; from < end; from += 3, red++) {
      to[red] = redTable[data[from] as number] as number;
      to[red + plane] = greenTable[data[from + 1] as number] as number;
      to[red + 2 * plane] = blueTable[data[from + 2] as number] as number;
    }
  }
}

/**
 * The reference's preprocessing: resize to `size`, resize to whole tiles, cut, rescale, normalise, pad. Pictures are worked one after
 * the other, each straight into its place in the result.
 *
 * @throws InvalidArgumentError when there is no picture, a picture is malformed, or frames cannot be stacked.
 */
export function preprocessImages(images: ImageInput, options: ResolvedOptions, flavour: Flavour): ImageProcessorOutput {
  const batch = nest(images).map((sample, s) =>
    sample.map((image, i) => {
      const pixels = rgbPixels(image, options.doConvertRgb, `images[${s}][${i}]`);
      return { pixels, plan: planFrames(pixels, options) };
    }),
  );
  const counts = batch.map((sample) => sample.reduce((sum, { plan }) => sum + plan.frames, 0));
  const frames = Math.max(...counts);
  if (frames === 0) {
    const expected = "at least one picture";
    throw new InvalidArgumentError({ argument: "images", expected, found: "only empty samples" });
  }
  if (!options.doPad && counts.some((count) => count !== frames)) {
    throw new InvalidArgumentError({
      argument: "images",
      expected: "the same number of frames in every sample, or doPad: true",
      found: `${counts.join(", ")} frames`,
    });
  }
  const tile = options.maxImageSize.longestEdge;
  const plane = tile * tile;
  const dims = [batch.length, frames, 3, tile, tile];
  if (batch.length * frames * 3 * plane > MAX_PIXEL_VALUES) {
    throw new InvalidArgumentError({
      argument: "images",
      expected: `at most ${MAX_PIXEL_VALUES} values`,
      found: `shape [${dims.join(", ")}]`,
    });
  }
  const values = new Float32Array(batch.length * frames * 3 * plane);
  const mask = options.doPad ? new Uint8Array(batch.length * frames * plane) : undefined;
  const tables = flavour.tables(options);
  const bits = new Int32Array(values.buffer);
  batch.forEach((sample, s) => {
    let frame = s * frames;
    mask?.fill(1, frame * plane, (frame + (counts[s] as number)) * plane);
    for (const { pixels, plan } of sample) {
      for (const view of pictureFrames(pixels, plan, tile, flavour)) {
        writeFrame(bits, frame++ * 3 * plane, view, tile, tables);
      }
    }
  });
  return {
    pixelValues: tensor("float32", dims, values),
    ...(mask && { pixelAttentionMask: tensor("bool", [batch.length, frames, tile, tile], mask) }),
    ...(options.returnRowColInfo && {
      rows: batch.map((sample) => sample.map(({ plan }) => plan.rows)),
      cols: batch.map((sample) => sample.map(({ plan }) => plan.cols)),
    }),
  };
}

/**
 * The frames of one picture as {@link preprocessImages} makes them, each when it is asked for.
 *
 * @throws InvalidArgumentError when the picture is malformed.
 */
export function streamImage(image: RawImage, options: ResolvedOptions, flavour: Flavour): ImageFrames {
  const pixels = rgbPixels(image, options.doConvertRgb, "image");
  const plan = planFrames(pixels, options);
  const tile = options.maxImageSize.longestEdge;
  function* frames(): Generator<Tensor<"float32">> {
    const tables = flavour.tables(options);
    for (const view of pictureFrames(pixels, plan, tile, flavour)) {
      const values = new Float32Array(3 * tile * tile);
      writeFrame(new Int32Array(values.buffer), 0, view, tile, tables);
      yield tensor("float32", [3, tile, tile], values);
    }
  }
  return { rows: plan.rows, cols: plan.cols, count: plan.frames, frames: frames() };
}
