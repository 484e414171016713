import type { RgbPixels } from "./fixed-point-resampler.js";

function pillowIndices(inputSize: number, outputSize: number): Int32Array {
  // Pillow adds the step up instead of multiplying; the accumulated rounding decides which pixel is hit at ties.
  const step = inputSize / outputSize;
  const indices = new Int32Array(outputSize);
  let position = step * 0.5;
  for (let i = 0; i < outputSize; i++, position += step) indices[i] = Math.trunc(position);
  return indices;
}

function atenIndices(inputSize: number, outputSize: number): Int32Array {
  const scale = Math.fround(inputSize / outputSize);
  const indices = new Int32Array(outputSize);
  for (let i = 0; i < outputSize; i++) indices[i] = Math.min(Math.floor(Math.fround((i + 0.5) * scale)), inputSize - 1);
  return indices;
}

function copyAt(image: RgbPixels, columns: Int32Array, rows: Int32Array): RgbPixels {
  const data = new Uint8Array(columns.length * rows.length * 3);
  let to = 0;
  for (const y of rows) {
    for (const x of columns) {
      const from = (y * image.width + x) * 3;
      data[to++] = image.data[from] as number;
      data[to++] = image.data[from + 1] as number;
      data[to++] = image.data[from + 2] as number;
    }
  }
  return { width: columns.length, height: rows.length, data };
}

/** Nearest neighbour as Pillow's `resize` picks it. */
export function nearestInPillow(image: RgbPixels, width: number, height: number): RgbPixels {
  return copyAt(image, pillowIndices(image.width, width), pillowIndices(image.height, height));
}

/** Nearest neighbour as ATen's `nearest-exact` picks it, which is what torchvision makes of Pillow's NEAREST. */
export function nearestInAten(image: RgbPixels, width: number, height: number): RgbPixels {
  return copyAt(image, atenIndices(image.width, width), atenIndices(image.height, height));
}
