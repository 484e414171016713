import { InvalidArgumentError } from "@smolvlm/contracts";
import type { Size } from "../resize-geometry.js";
import { Resample } from "./filter.js";
import type { RgbPixels } from "./fixed-point-resampler.js";

// ATen's float32 kernels are compiled with fused multiply-add, so most `a * b + c` of the C++ round once. Here that is computed in
// double, where the product is exact, and rounded to float32: the same number but for a double rounding in about one of 2^29 cases,
// which moves the sum by its last bit and the pixel not at all unless it lies within that bit of a half.
const fround = Math.fround;
const fma = (a: number, b: number, c: number): number => fround(a * b + c);

/** Keys' cubic with a = −0.5, in the order of operations of ATen's `cubic_convolution1` and `2`. */
function bicubic(x: number): number {
  const distance = Math.abs(x);
  if (distance < 1) return fma(fround(fma(1.5, distance, -2.5) * distance), distance, 1);
  if (distance < 2) return fma(fma(fma(-0.5, distance, 2.5), distance, -4), distance, 2);
  return 0;
}

function bilinear(x: number): number {
  const distance = Math.abs(x);
  return distance < 1 ? fround(1 - distance) : 0;
}

interface FloatWeights {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly stride: number;
  readonly weights: Float32Array;
}

/** The weights of one axis in float32; where the C++ mixes float and double, so does this. */
function floatWeights(
  inputSize: number,
  outputSize: number,
  support: number,
  filter: (x: number) => number,
): FloatWeights {
  const scale = fround(inputSize / outputSize);
  const reach = scale >= 1 ? fround(support * scale) : support;
  const inverse = scale >= 1 ? fround(1 / scale) : 1;
  const stride = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(outputSize);
  const counts = new Int32Array(outputSize);
  const weights = new Float32Array(outputSize * stride);
  for (let i = 0; i < outputSize; i++) {
    const center = fround(scale * (i + 0.5));
    const start = Math.max(Math.trunc(fround(center - reach) + 0.5), 0);
    const count = Math.min(Math.trunc(fround(center + reach) + 0.5), inputSize) - start;
    let total = 0;
    for (let j = 0; j < count; j++) {
      const weight = filter(fround((fround(j + start - center) + 0.5) * inverse));
      weights[i * stride + j] = weight;
      total = fround(total + weight);
    }
    for (let j = i * stride; j < i * stride + count; j++) weights[j] = (weights[j] as number) / total;
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, stride, weights };
}

/**
 * From which tap on the products of a sum of `count` are fused. The compiler takes the taps after the first in blocks of four,
 * multiplies a block at once, which rounds the products, and adds them one by one; only what is left over is fused.
 */
function fusedFrom(count: number): number {
  return 1 + Math.floor((count - 1) / 4) * 4;
}

/** Interleaved RGB in float32, row by row. */
interface FloatPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array | Uint8Array | Uint8ClampedArray;
}

function resampleRows(image: FloatPixels, axis: FloatWeights): FloatPixels {
  const { starts, counts, stride, weights } = axis;
  const width = starts.length;
  const source = image.data;
  const data = new Float32Array(width * image.height * 3);
  let to = 0;
  for (let y = 0; y < image.height; y++) {
    const row = y * image.width * 3;
    for (let x = 0; x < width; x++) {
      let from = row + (starts[x] as number) * 3;
      let k = x * stride;
      let red = 0;
      let green = 0;
      let blue = 0;
      const end = k + (counts[x] as number);
      for (const fused = k + fusedFrom(end - k); k < fused; k++, from += 3) {
        const weight = weights[k] as number;
        red = fround(fround((source[from] as number) * weight) + red);
        green = fround(fround((source[from + 1] as number) * weight) + green);
        blue = fround(fround((source[from + 2] as number) * weight) + blue);
      }
      for (; k < end; k++, from += 3) {
        const weight = weights[k] as number;
        red = fround((source[from] as number) * weight + red);
        green = fround((source[from + 1] as number) * weight + green);
        blue = fround((source[from + 2] as number) * weight + blue);
      }
      data[to++] = red;
      data[to++] = green;
      data[to++] = blue;
    }
  }
  return { width, height: image.height, data };
}

function resampleColumns(image: FloatPixels, axis: FloatWeights): FloatPixels {
  const { starts, counts, stride, weights } = axis;
  const height = starts.length;
  const source = image.data;
  const rowLength = image.width * 3;
  const data = new Float32Array(rowLength * height);
  for (let y = 0; y < height; y++) {
    const sums = data.subarray(y * rowLength, (y + 1) * rowLength);
    const count = counts[y] as number;
    const fused = fusedFrom(count);
    for (let j = 0; j < count; j++) {
      const weight = weights[y * stride + j] as number;
      const row = ((starts[y] as number) + j) * rowLength;
      if (j < fused) {
        for (let i = 0; i < rowLength; i++)
          sums[i] = fround((source[row + i] as number) * weight) + (sums[i] as number);
      } else {
        for (let i = 0; i < rowLength; i++) sums[i] = (source[row + i] as number) * weight + (sums[i] as number);
      }
    }
  }
  return { width: image.width, height, data };
}

/**
 * Resizes as torchvision's transforms v1 do: through float32, with one rounding at the end. To a width of 1 pixel, torch 2.13 fills
 * the column with a single value; this resizes it as any other.
 *
 * @throws InvalidArgumentError for filters other than BICUBIC and BILINEAR.
 */
export function resampleInFloat32(image: RgbPixels, size: Size, resample: Resample): RgbPixels {
  const filters = new Map<Resample, readonly [support: number, filter: (x: number) => number]>([
    [Resample.BICUBIC, [2, bicubic]],
    [Resample.BILINEAR, [1, bilinear]],
  ]);
  const filter = filters.get(resample);
  if (!filter) {
    throw new InvalidArgumentError({
      argument: "resample",
      expected: "BICUBIC or BILINEAR in float32",
      found: String(resample),
    });
  }
  let pixels: FloatPixels = image;
  if (size.width !== image.width) pixels = resampleRows(pixels, floatWeights(image.width, size.width, ...filter));
  if (size.height !== image.height)
    pixels = resampleColumns(pixels, floatWeights(image.height, size.height, ...filter));
  // A clamped array limits to 0–255 and rounds ties to the even level, which is what torch's clamp, round and cast do.
  return { ...size, data: new Uint8ClampedArray(pixels.data) };
}
