import { InvalidArgumentError, type RawImage } from "@smolvlm/contracts";
import type { RgbPixels } from "./resample/fixed-point-resampler.js";

/** Number of channels of a picture: 1 (grey), 3 (RGB) or 4 (RGBA). */
function channelCount(image: RawImage, argument: string): 1 | 3 | 4 {
  const fail = (expected: string, found: string): never => {
    throw new InvalidArgumentError({ argument, expected, found });
  };
  // Callers without types pass paths or elements here; they need a decoder.
  const { width, height, data } = (image as RawImage | null) ?? { width: 0, height: 0, data: undefined };
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    return fail(
      "a RawImage { width, height, data }, as a decoder gives it",
      typeof image === "object" ? "another object" : typeof image,
    );
  }
  if (![width, height].every((side) => Number.isInteger(side) && side >= 1)) {
    return fail("a picture of at least 1×1 pixels", `${width}×${height}`);
  }
  const channels = data.length / (width * height);
  if (channels === 1 || channels === 3 || channels === 4) return channels;
  return fail(`1, 3 or 4 bytes for each of ${width}×${height} pixels`, `${data.length} bytes`);
}

/**
 * A picture as three interleaved channels: grey is repeated, alpha dropped (hidden colours appear), RGB passed on without a copy.
 *
 * @throws InvalidArgumentError when the picture is malformed, or is not RGB and `convert` is false.
 */
export function rgbPixels(image: RawImage, convert: boolean, argument: string): RgbPixels {
  const channels = channelCount(image, argument);
  if (channels === 3) return image;
  if (!convert) {
    throw new InvalidArgumentError({
      argument,
      expected: "3 channels, or doConvertRgb: true",
      found: `${channels} channels`,
    });
  }
  const { width, height, data: source } = image;
  const data = new Uint8Array(width * height * 3);
  for (let to = 0, from = 0; to < data.length; to += 3, from += channels) {
    data[to] = source[from] as number;
    data[to + 1] = source[channels === 1 ? from : from + 1] as number;
    data[to + 2] = source[channels === 1 ? from : from + 2] as number;
  }
  return { width, height, data };
}
