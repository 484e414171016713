import { MediaError, type ReadOptions } from "@smolvlm/contracts";
import type { ColorMatrix } from "./yuv-to-rgb.js";

/** What decoding a video needs to know besides the file. */
export interface VideoDecodeContext extends ReadOptions {
  readonly maxPixels: number;
  readonly autoRotate: boolean;
  readonly colorMatrix: ColorMatrix;
  readonly allowTruncated: boolean;
  /** Which decoders WebCodecs is asked for. Default `prefer-software`. */
  readonly hardwareAcceleration?: HardwareAcceleration | undefined;
}

/** @throws MediaError when a frame has no pixels, or more than allowed. */
export function checkFrameSize(
  width: number,
  height: number,
  media: string,
  { maxPixels }: Pick<VideoDecodeContext, "maxPixels">,
): void {
  if (!(width >= 1 && height >= 1))
    throw new MediaError(media, `says it has frames of ${width}×${height} pixels; the file is damaged.`);
  if (width * height <= maxPixels) return;
  throw new MediaError(
    media,
    `has frames of ${width}×${height} pixels, more than the limit of ${maxPixels}; raise maxPixels to read it.`,
  );
}
