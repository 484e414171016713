import type { FixedPointWeights } from "./axis-weights.js";

/** A picture of three interleaved channels, `data.length === 3 * width * height`. */
export interface RgbPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** Resamples RGB pixels along one or both axes; an axis without weights keeps its size. Horizontal first, uint8 in between. */
export type FixedPointResampler = (
  image: RgbPixels,
  horizontal: FixedPointWeights | undefined,
  vertical: FixedPointWeights | undefined,
) => RgbPixels;

function clampToByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resampleRows(image: RgbPixels, axis: FixedPointWeights): RgbPixels {
  const { starts, counts, stride, weights, shift } = axis;
  const width = starts.length;
  const source = image.data;
  const data = new Uint8Array(width * image.height * 3);
  const half = 1 << (shift - 1);
  let to = 0;
  for (let y = 0; y < image.height; y++) {
    const row = y * image.width * 3;
    for (let x = 0; x < width; x++) {
      let from = row + (starts[x] as number) * 3;
      let k = x * stride;
      let red = half;
      let green = half;
      let blue = half;
      for (const end = k + (counts[x] as number); k < end; k++, from += 3) {
        const weight = weights[k] as number;
        red += (source[from] as number) * weight;
        green += (source[from + 1] as number) * weight;
        blue += (source[from + 2] as number) * weight;
      }
      data[to++] = clampToByte(red >> shift);
      data[to++] = clampToByte(green >> shift);
      data[to++] = clampToByte(blue >> shift);
    }
  }
  return { width, height: image.height, data };
}

function resampleColumns(image: RgbPixels, axis: FixedPointWeights): RgbPixels {
  const { starts, counts, stride, weights, shift } = axis;
  const height = starts.length;
  const source = image.data;
  const rowLength = image.width * 3;
  const data = new Uint8Array(rowLength * height);
  const sums = new Int32Array(rowLength);
  const half = 1 << (shift - 1);
  for (let y = 0; y < height; y++) {
    sums.fill(half);
    const start = starts[y] as number;
    for (let j = 0; j < (counts[y] as number); j++) {
      const weight = weights[y * stride + j] as number;
      const row = (start + j) * rowLength;
      for (let i = 0; i < rowLength; i++) sums[i] = (sums[i] as number) + (source[row + i] as number) * weight;
    }
    const to = y * rowLength;
    for (let i = 0; i < rowLength; i++) data[to + i] = clampToByte((sums[i] as number) >> shift);
  }
  return { width: image.width, height, data };
}

/** Plain TypeScript: the oracle of the WebAssembly kernel, and what runs where WebAssembly SIMD may not. */
export const resampleInTypeScript: FixedPointResampler = (image, horizontal, vertical) => {
  const wide = horizontal ? resampleRows(image, horizontal) : image;
  return vertical ? resampleColumns(wide, vertical) : wide;
};
