import { MediaError } from "@smolvlm/contracts";

/**
 * How many of a file's first bytes are read before it is opened: what tells kinds apart fits in a few of them, what a Matroska file says of
 * its tracks in a few thousand.
 */
export const HEAD_BYTES = 64 * 1024;

// Files that people give by mistake. FFmpeg would open some of them as a video of one frame.
const NOT_VIDEOS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["a JPEG picture", /^\xff\xd8\xff/],
  ["a PNG picture", /^\x89PNG/],
  ["a BMP picture", /^BM/],
  ["a TIFF picture", /^(?:II[*+]\0|MM\0[*+])/],
  ["an AVIF or HEIC picture", /^[^]{4}ftyp(?:avif|hei[cx]|mif1)/],
  ["an HTML page", /^\s*<(?:!doctype html|html)/i],
  ["a PDF", /^%PDF/],
];

/** @throws MediaError when a file's first bytes say that it is something else than a video. */
export function refusePictures(head: Uint8Array, media: string): void {
  const text = String.fromCharCode(...head.subarray(0, 64));
  const found = NOT_VIDEOS.find(([, pattern]) => pattern.test(text));
  if (found) throw new MediaError(media, `is ${found[0]}, not a video.`);
}
