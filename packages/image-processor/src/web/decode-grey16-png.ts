import { MediaError, type RawImage } from "@smolvlm/contracts";
import { checkSize, type DecodeContext } from "../decode/decode-context.js";

/** A picture's pixels in the order of the file: one pass over all, or Adam7's seven over some. */
interface Pass {
  readonly left: number;
  readonly top: number;
  readonly across: number;
  readonly down: number;
}

const WHOLE: readonly Pass[] = [{ left: 0, top: 0, across: 1, down: 1 }];
const ADAM7: readonly Pass[] = [
  { left: 0, top: 0, across: 8, down: 8 },
  { left: 4, top: 0, across: 8, down: 8 },
  { left: 0, top: 4, across: 4, down: 8 },
  { left: 2, top: 0, across: 4, down: 4 },
  { left: 0, top: 2, across: 2, down: 4 },
  { left: 1, top: 0, across: 2, down: 2 },
  { left: 0, top: 1, across: 1, down: 2 },
];

/** Bytes of a sample, which is a pixel. */
const SAMPLE = 2;

function paeth(a: number, b: number, c: number): number {
  const estimate = a + b - c;
  const [toA, toB, toC] = [Math.abs(estimate - a), Math.abs(estimate - b), Math.abs(estimate - c)];
  return toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
}

/** Undoes a row's filter in place. `above` is the row before it, or zeros. False for a filter that does not exist. */
function unfilter(type: number, row: Uint8Array, above: Uint8Array): boolean {
  for (let i = 0; i < row.length; i++) {
    const left = row[i - SAMPLE] ?? 0;
    const up = above[i] as number;
    const corner = above[i - SAMPLE] ?? 0;
    const predictions = [0, left, up, (left + up) >> 1, type === 4 ? paeth(left, up, corner) : 0];
    const predicted = predictions[type];
    if (predicted === undefined) return false;
    row[i] = (row[i] as number) + predicted;
  }
  return true;
}

/** The compressed bytes: those of all IDAT chunks. */
function compressedParts(bytes: Uint8Array<ArrayBuffer>, fail: (problem: string) => never): Uint8Array<ArrayBuffer>[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) fail("it ends before its end mark; the file is truncated");
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IEND") return parts;
    if (at + 12 + length > bytes.length) fail(`its chunk ${type} is cut off; the file is truncated`);
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
}

/** `length` bytes, decompressed; what follows them is left alone. */
async function inflate(
  parts: readonly Uint8Array<ArrayBuffer>[],
  length: number,
  fail: (problem: string) => never,
): Promise<Uint8Array> {
  const result = new Uint8Array(length);
  const reader = new Blob([...parts]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let at = 0;
  try {
    while (at < length) {
      const { value } = await reader.read();
      if (!value) return fail("it has fewer pixels than it says");
      result.set(value.subarray(0, length - at), at);
      at += value.length;
    }
    return result;
  } catch (cause) {
    if (MediaError.isInstance(cause)) throw cause;
    return fail("its compressed data is damaged");
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * A PNG file of 16-bit grey as RGB by Pillow's rule: values above 255 are white. They are not scaled, which browsers do. Its orientation is
 * left alone.
 *
 * @throws MediaError when the file is damaged, truncated or too large.
 */
export async function decodeGrey16Png(bytes: Uint8Array, context: DecodeContext): Promise<RawImage> {
  const fail = (problem: string): never => {
    throw new MediaError(context.media, `cannot be read as PNG: ${problem}.`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  checkSize(width, height, context);
  const passes = (bytes[28] === 1 ? ADAM7 : WHOLE)
    .map((pass) => ({
      ...pass,
      columns: Math.max(0, Math.ceil((width - pass.left) / pass.across)),
      rows: Math.max(0, Math.ceil((height - pass.top) / pass.down)),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const length = passes.reduce((sum, { columns, rows }) => sum + rows * (1 + columns * SAMPLE), 0);
  const filtered = await inflate(compressedParts(bytes as Uint8Array<ArrayBuffer>, fail), length, fail);
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (const { left, top, across, down, columns, rows } of passes) {
    let above: Uint8Array = new Uint8Array(columns * SAMPLE);
    for (let y = 0; y < rows; y++) {
      const row = filtered.subarray(at + 1, at + 1 + columns * SAMPLE);
      if (!unfilter(filtered[at] as number, row, above)) fail("a row has an unknown filter; the file is damaged");
      for (let x = 0; x < columns; x++) {
        const level = row[x * SAMPLE] === 0 ? (row[x * SAMPLE + 1] as number) : 255;
        const to = ((top + y * down) * width + left + x * across) * 3;
        data.fill(level, to, to + 3);
      }
      above = row;
      at += 1 + columns * SAMPLE;
    }
  }
  return { width, height, data };
}
