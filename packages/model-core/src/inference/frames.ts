import type { SmolVLMConfig } from "@smolvlm/config";
import { InvalidArgumentError, type FrameFeed, type Tensor } from "@smolvlm/contracts";

/** One frame of `pixel_values`; views, not copies. */
export interface Frame {
  /** Side of the square in pixels. */
  readonly side: number;
  /** [colours, side, side]. */
  readonly pixels: Float32Array;
  /** 1 where there are pixels [side, side]; undefined where all are. */
  readonly mask?: Uint8Array | undefined;
}

/** Frames in order and how many: a list, or frames that are made while they are used. */
export type FrameSequence = (Iterable<Frame> | AsyncIterable<Frame>) & { readonly length: number };

/**
 * The frames of a feed, each checked as it comes.
 *
 * @throws InvalidArgumentError while iterating, when a frame has another shape, or there are more or fewer than announced.
 */
export function fedFrames(feed: FrameFeed, config: SmolVLMConfig): FrameSequence {
  const { numChannels, imageSize } = config.visionConfig;
  async function* frames(): AsyncGenerator<Frame> {
    let found = 0;
    for await (const { dims, data } of feed) {
      if (String(dims) !== String([numChannels, imageSize, imageSize]) || ++found > feed.count) {
        throw new InvalidArgumentError({
          argument: "frames",
          expected: `${feed.count} frames of [${numChannels}, ${imageSize}, ${imageSize}]`,
          found: found > feed.count ? "more" : `one of [${dims.join(", ")}]`,
        });
      }
      yield { side: imageSize, pixels: data };
    }
    if (found < feed.count) {
      throw new InvalidArgumentError({ argument: "frames", expected: `${feed.count} frames`, found: String(found) });
    }
  }
  return { length: feed.count, [Symbol.asyncIterator]: frames };
}

/**
 * The frames of a batch in order, without those whose values are all exactly 0, which only fill samples up. Where none is left, a
 * SmolVLM2 keeps the first and a SmolVLM has none, as in the reference.
 *
 * @throws InvalidArgumentError when the shapes are not those of frames that the model takes.
 */
export function realFrames(
  pixelValues: Tensor<"float32">,
  pixelAttentionMask: Tensor<"bool"> | undefined,
  config: SmolVLMConfig,
): readonly Frame[] {
  const { numChannels, patchSize } = config.visionConfig;
  const [samples = 0, count = 0, channels, height = 0, width] = pixelValues.dims;
  const grid = Math.floor(height / patchSize);
  if (
    pixelValues.dims.length !== 5 ||
    channels !== numChannels ||
    height !== width ||
    grid % config.scaleFactor > 0 ||
    grid < 1
  ) {
    const multiple = `whose side holds a multiple of ${config.scaleFactor} patches of ${patchSize} pixels`;
    throw new InvalidArgumentError({
      argument: "pixelValues",
      expected: `[samples, frames, ${numChannels}, side, side] ${multiple}`,
      found: `[${pixelValues.dims.join(", ")}]`,
    });
  }
  const masks = [samples, count, height, width];
  if (pixelAttentionMask && String(pixelAttentionMask.dims) !== String(masks)) {
    throw new InvalidArgumentError({
      argument: "pixelAttentionMask",
      expected: `[${masks.join(", ")}]`,
      found: `[${pixelAttentionMask.dims.join(", ")}]`,
    });
  }
  const area = height * width;
  const frames = Array.from({ length: samples * count }, (_, index): Frame => {
    const from = index * numChannels * area;
    return {
      side: height,
      pixels: pixelValues.data.subarray(from, from + numChannels * area),
      mask: pixelAttentionMask?.data.subarray(index * area, (index + 1) * area),
    };
  });
  const real = frames.filter(({ pixels }) => pixels.some((value) => value !== 0));
  return real.length === 0 && config.modelType === "smolvlm" ? frames.slice(0, 1) : real;
}
