import type { FixedPointWeights } from "./axis-weights.js";
import type { FixedPointResampler, RgbPixels } from "./fixed-point-resampler.js";
import { WASM_KERNEL } from "./wasm-kernel.js";

/** The exports of wasm/resample.ts; its comments say what the arguments are. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  horizontal(
    source: number,
    sourceStride: number,
    rows: number,
    target: number,
    targetStride: number,
    width: number,
    starts: number,
    weights: number,
    quads: number,
    shift: number,
  ): void;
  vertical(
    source: number,
    sourceStride: number,
    target: number,
    length: number,
    weights: number,
    pairs: number,
    shift: number,
  ): void;
}

/** Weights of one axis as the kernel reads them. */
interface PackedAxis {
  /** First input position of each output, in bytes. */
  readonly starts: Int32Array;
  /** Groups of two taps, `groups` of them for each output. */
  readonly weights: Int16Array;
  readonly groups: number;
  readonly shift: number;
}

const PAGE = 65536;
/** Linear memory never shrinks; a kernel that had to grow beyond this is given up after use. */
const MAX_KEPT_BYTES = 32 * 2 ** 20;
/** Output is made in stripes of about this size, so that the rows between the two passes stay in the cache. */
const STRIPE_BYTES = 128 * 1024;
/** The kernel reads and writes up to 16 bytes past its data. */
const SLACK = 64;

const align = (offset: number): number => Math.ceil(offset / 16) * 16;

/** Splits each weight k into k >> 11 and the low 11 bits, and fills the taps up with zeros to whole groups of `tapsPerStep`. */
function pack(axis: FixedPointWeights, unit: number, tapsPerStep: 2 | 4): PackedAxis {
  const { starts, counts, stride, weights, shift } = axis;
  const taps = Math.ceil(counts.reduce((most, count) => Math.max(most, count), 1) / tapsPerStep) * tapsPerStep;
  const packed = new Int16Array(starts.length * taps * 2);
  for (let i = 0; i < starts.length; i++) {
    for (let j = 0; j < (counts[i] as number); j++) {
      const weight = weights[i * stride + j] as number;
      const at = (i * taps + j - (j % 2)) * 2 + (j % 2);
      packed[at] = weight >> 11;
      packed[at + 2] = weight & 2047;
    }
  }
  return { starts: starts.map((start) => start * unit), weights: packed, groups: taps / 2, shift };
}

/** The input rows that output rows [first, end) need, `first` included and `end` not. */
function neededRows(axis: FixedPointWeights | undefined, first: number, end: number): [number, number] {
  if (!axis) return [first, end];
  const last = end - 1;
  return [axis.starts[first] as number, (axis.starts[last] as number) + (axis.counts[last] as number)];
}

function resample(
  kernel: Kernel,
  image: RgbPixels,
  horizontal: FixedPointWeights | undefined,
  vertical: FixedPointWeights | undefined,
): RgbPixels {
  const width = horizontal ? horizontal.starts.length : image.width;
  const height = vertical ? vertical.starts.length : image.height;
  const across = horizontal && pack(horizontal, 3, 4);
  const down = vertical && pack(vertical, 1, 2);
  const inputRow = image.width * 3;
  const outputRow = width * 3;
  const middleRow = align(outputRow + 1);
  const stripe = Math.max(1, Math.min(height, Math.floor(STRIPE_BYTES / outputRow)));
  let middleRows = 0;
  for (let y = 0; y < height; y += stripe) {
    const [first, end] = neededRows(vertical, y, Math.min(y + stripe, height));
    middleRows = Math.max(middleRows, end - first);
  }
  // Rows are widened a few at a time, so that the input takes no more room than a stripe.
  const batch = Math.max(1, Math.min(middleRows, Math.floor(STRIPE_BYTES / inputRow)));

  let size = 0;
  const reserve = (bytes: number): number => {
    const at = size;
    size = align(size + bytes + SLACK);
    return at;
  };
  const startsAt = reserve(across ? across.starts.byteLength : 0);
  const acrossAt = reserve(across ? across.weights.byteLength : 0);
  const downAt = reserve(down ? down.weights.byteLength : 0);
  const inputAt = reserve(across ? batch * inputRow : 0);
  const outputAt = reserve(down ? stripe * outputRow : 0);
  // The taps of every output are filled up with zeros to one number, so that rows beyond the last are read, at most that many.
  const middleAt = reserve((middleRows + (down ? 2 * down.groups : 1)) * middleRow);
  const missing = size - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / PAGE));
  const bytes = new Uint8Array(kernel.memory.buffer);
  if (across) {
    new Int32Array(kernel.memory.buffer, startsAt, across.starts.length).set(across.starts);
    new Int16Array(kernel.memory.buffer, acrossAt, across.weights.length).set(across.weights);
  }
  if (down) new Int16Array(kernel.memory.buffer, downAt, down.weights.length).set(down.weights);

  /** Puts the input rows [first, end), widened, into the middle buffer at row `to`. */
  const fill = (first: number, end: number, to: number): void => {
    for (let y = first; y < end; y += across ? batch : 1) {
      const target = middleAt + (to + y - first) * middleRow;
      if (!across) {
        bytes.set(image.data.subarray(y * inputRow, (y + 1) * inputRow), target);
        continue;
      }
      const rows = Math.min(batch, end - y);
      bytes.set(image.data.subarray(y * inputRow, (y + rows) * inputRow), inputAt);
      kernel.horizontal(
        inputAt,
        inputRow,
        rows,
        target,
        middleRow,
        width,
        startsAt,
        acrossAt,
        across.groups / 2,
        across.shift,
      );
    }
  };

  const data = new Uint8Array(outputRow * height);
  // The middle buffer holds the input rows [held, heldEnd).
  let held = 0;
  let heldEnd = 0;
  for (let y = 0; y < height; y += stripe) {
    const last = Math.min(y + stripe, height);
    const [first, end] = neededRows(vertical, y, last);
    const kept = Math.max(heldEnd - first, 0);
    if (kept > 0)
      bytes.copyWithin(middleAt, middleAt + (first - held) * middleRow, middleAt + (first - held + kept) * middleRow);
    fill(first + kept, end, kept);
    held = first;
    heldEnd = Math.max(end, heldEnd);
    for (let row = y; row < last; row++) {
      if (down) {
        const source = middleAt + ((down.starts[row] as number) - first) * middleRow;
        const target = outputAt + (row - y) * outputRow;
        kernel.vertical(source, middleRow, target, outputRow, downAt + row * down.groups * 8, down.groups, down.shift);
      } else {
        const source = middleAt + (row - y) * middleRow;
        data.set(bytes.subarray(source, source + outputRow), row * outputRow);
      }
    }
    if (down) data.set(bytes.subarray(outputAt, outputAt + (last - y) * outputRow), y * outputRow);
  }
  return { width, height, data };
}

/**
 * The resampler on WebAssembly SIMD: bit for bit what `resampleInTypeScript` computes, several times as fast, in a few megabytes of
 * memory of its own.
 *
 * @returns undefined where WebAssembly or its SIMD is missing or forbidden.
 */
export function loadWasmResampler(): FixedPointResampler | undefined {
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(Uint8Array.from(atob(WASM_KERNEL), (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
  let kernel: Kernel | undefined;
  return (image, horizontal, vertical) => {
    if (!horizontal && !vertical) return image;
    kernel ??= new WebAssembly.Instance(module).exports as unknown as Kernel;
    const used = kernel;
    if (used.memory.buffer.byteLength > MAX_KEPT_BYTES) kernel = undefined;
    return resample(used, image, horizontal, vertical);
  };
}
