import { InvalidArgumentError, tensor, type Tensor } from "@smolvlm/contracts";

/** Consecutive frames of one medium: values of [frames, 3, M, M]. */
export interface FrameBlock {
  readonly frames: number;
  readonly values: Float32Array;
  /** [3, M, M] */
  readonly dims: readonly number[];
}

/**
 * Frames of each sample, its blocks one after the other, filled up with zeros to the longest sample.
 *
 * @param frameDims [3, M, M] of every frame
 * @throws InvalidArgumentError when a block's frames have another size.
 */
export function assembleFrames(
  samples: readonly (readonly FrameBlock[])[],
  frameDims: readonly [number, number, number],
): { readonly pixelValues: Tensor<"float32">; readonly pixelAttentionMask: Tensor<"bool"> } {
  const [channels, height, width] = frameDims;
  const size = channels * height * width;
  const counts = samples.map((blocks) => blocks.reduce((sum, block) => sum + block.frames, 0));
  const longest = Math.max(...counts);
  const values = new Float32Array(samples.length * longest * size);
  const mask = new Uint8Array(samples.length * longest * height * width);
  samples.forEach((blocks, s) => {
    let frame = s * longest;
    mask.fill(1, frame * height * width, (frame + (counts[s] ?? 0)) * height * width);
    for (const block of blocks) {
      if (block.values.length !== block.frames * size) {
        const found = `${block.values.length / block.frames} values a frame`;
        throw new InvalidArgumentError({
          argument: "videos",
          expected: `frames of [${frameDims.join(", ")}], as the images have`,
          found,
        });
      }
      values.set(block.values, frame * size);
      frame += block.frames;
    }
  });
  return {
    pixelValues: tensor("float32", [samples.length, longest, channels, height, width], values),
    pixelAttentionMask: tensor("bool", [samples.length, longest, height, width], mask),
  };
}
