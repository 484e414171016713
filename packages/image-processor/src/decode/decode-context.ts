import { MediaError } from "@smolvlm/contracts";

/** What a decoder of one format needs to know besides the bytes. */
export interface DecodeContext {
  /** The picture's name in messages. */
  readonly media: string;
  /** Most pixels a picture may have; checked before memory is taken for them. */
  readonly maxPixels: number;
  /** Whether the orientation in the file's metadata is applied. */
  readonly autoOrient: boolean;
}

/** @throws MediaError when a picture has no pixels, or more than allowed. */
export function checkSize(width: number, height: number, { media, maxPixels }: DecodeContext): void {
  if (width < 1 || height < 1)
    throw new MediaError(media, `says it has ${width}×${height} pixels; the file is damaged.`);
  if (width * height <= maxPixels) return;
  throw new MediaError(
    media,
    `has ${width}×${height} pixels, more than the limit of ${maxPixels}; scale it down or raise maxPixels.`,
  );
}
