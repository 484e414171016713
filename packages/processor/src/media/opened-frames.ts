import { InvalidArgumentError, type RawImage, type Tensor } from "@smolvlm/contracts";
import type { OpenedImage } from "@smolvlm/image-processor";
import type { MediaContext } from "./process-media.js";

/** What is known of a picture's frames before it is decoded, and the frames. */
export interface OpenedFrames {
  readonly rows: number;
  readonly cols: number;
  readonly count: number;
  readonly frames: AsyncIterable<Tensor<"float32">>;
}

/**
 * The frames of a picture that is decoded when the first of them is asked for; undefined where it is decoded. Browsers' decoders have no such
 * pictures, so that pages do without this module.
 */
export function openedFrames(
  image: OpenedImage | RawImage,
  { imageProcessor, imageOptions, signal }: Pick<MediaContext, "imageProcessor" | "imageOptions" | "signal">,
): OpenedFrames | undefined {
  if (!("decode" in image)) return undefined;
  const { width, height } = image;
  const { rows, cols, patches } = imageProcessor.getNumberOfImagePatches(height, width, imageOptions);
  const frames = async function* (): AsyncGenerator<Tensor<"float32">> {
    const pixels = await image.decode({ signal });
    if (pixels.width !== width || pixels.height !== height) {
      const [expected, found] = [image, pixels].map((each) => `${each.width}×${each.height}`) as [string, string];
      throw new InvalidArgumentError({ argument: "decoders.image", expected, found });
    }
    yield* imageProcessor.stream(pixels, imageOptions).frames;
  };
  return { rows, cols, count: patches, frames: frames() };
}
