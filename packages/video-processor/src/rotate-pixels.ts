import type { RawImage } from "@smolvlm/contracts";

/** Clockwise quarter turns that make a frame upright. */
export type QuarterTurns = 0 | 1 | 2 | 3;

/** Quarter turns of an angle in degrees clockwise; other angles count as none, since no camera writes them. */
export function quarterTurns(degrees: number): QuarterTurns {
  const turns = Math.round(degrees / 90);
  return Math.abs(turns * 90 - degrees) < 1 ? ((((turns % 4) + 4) % 4) as QuarterTurns) : 0;
}

/** RGB pixels turned clockwise. */
export function rotatePixels(image: RawImage, turns: QuarterTurns): RawImage {
  if (turns === 0) return image;
  const { width, height, data: source } = image;
  const data = new Uint8Array(source.length);
  const [outWidth, outHeight] = turns === 2 ? [width, height] : [height, width];
  // Where the first pixel comes from, and how far apart the sources of neighbours are.
  const [start, step, rowStep] =
    turns === 1
      ? [(height - 1) * width, -width, 1]
      : turns === 2
        ? [width * height - 1, -1, -width]
        : [width - 1, width, -1];
  let to = 0;
  for (let row = 0; row < outHeight; row++) {
    let from = (start + row * rowStep) * 3;
    for (let column = 0; column < outWidth; column++, from += step * 3) {
      data[to++] = source[from] as number;
      data[to++] = source[from + 1] as number;
      data[to++] = source[from + 2] as number;
    }
  }
  return { width: outWidth, height: outHeight, data };
}
