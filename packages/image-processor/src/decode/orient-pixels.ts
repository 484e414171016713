import type { RawImage } from "@smolvlm/contracts";

/** Pixels are moved in squares of this side, so that both the rows read and the columns written stay in the cache. */
const BLOCK = 32;

/** Whether an EXIF orientation makes width of height. */
export function isTurned(orientation: number): boolean {
  return orientation >= 5 && orientation <= 8;
}

/**
 * RGB pixels turned upright by an EXIF orientation, 1 to 8 (2 mirrored, 3 upside down, 6 and 8 lying on a side, …). Any other value
 * changes nothing, as in Pillow's `exif_transpose`.
 */
export function orientPixels(image: RawImage, orientation: number): RawImage {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { width, height, data: source } = image;
  const swapsAxes = isTurned(orientation);
  const mirrorsColumns = [2, 3, 7, 8].includes(orientation);
  const mirrorsRows = [3, 4, 6, 7].includes(orientation);
  const outputWidth = swapsAxes ? height : width;
  const outputHeight = swapsAxes ? width : height;
  // Where a step along the source's x or y leads in the result.
  const alongX = (swapsAxes ? outputWidth : 1) * (mirrorsColumns ? -3 : 3);
  const alongY = (swapsAxes ? 1 : outputWidth) * (mirrorsRows ? -3 : 3);
  const origin = (mirrorsColumns ? -(width - 1) * alongX : 0) + (mirrorsRows ? -(height - 1) * alongY : 0);
  const data = new Uint8Array(source.length);
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      const right = Math.min(left + BLOCK, width);
      for (let y = top; y < Math.min(top + BLOCK, height); y++) {
        let from = (y * width + left) * 3;
        let to = origin + left * alongX + y * alongY;
        for (let x = left; x < right; x++, from += 3, to += alongX) {
          data[to] = source[from] as number;
          data[to + 1] = source[from + 1] as number;
          data[to + 2] = source[from + 2] as number;
        }
      }
    }
  }
  return { width: outputWidth, height: outputHeight, data };
}
