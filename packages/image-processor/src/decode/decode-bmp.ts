import { MediaError, type RawImage } from "@smolvlm/contracts";
import { checkSize, type DecodeContext } from "./decode-context.js";
import { isGreyRamp, palettePixels } from "./palette-pixels.js";

/** Sizes that the information header has had, from OS/2 1 (12) to version 5 (124). */
const HEADER_SIZES = [12, 40, 52, 56, 64, 108, 124];

/** Most colours a header may announce: what 16 bits can count, and more than any index can reach. */
const MAX_COLOURS = 65536;

const Compression = { None: 0, RunLength8: 1, RunLength4: 2, BitFields: 3 } as const;

interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Whether the first row of the file is the top one; usually it is the bottom one. */
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Bit masks of red, green and blue in pixels of 16 bits and more. */
  readonly masks: readonly number[];
  /** RGB triples, for pixels of 8 bits and less. */
  readonly palette: Uint8Array | undefined;
  /** Where the pixels start. */
  readonly offset: number;
}

function damaged(context: DecodeContext, problem: string): never {
  throw new MediaError(context.media, `cannot be read as BMP: ${problem}.`);
}

function defaultMasks(bits: number): readonly number[] {
  return bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
}

function readHeader(bytes: Uint8Array, context: DecodeContext): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (length: number): void => {
    if (bytes.length < length) damaged(context, "the header ends too early; the file is truncated");
  };
  need(18);
  const size = view.getUint32(14, true);
  if (!HEADER_SIZES.includes(size)) damaged(context, `its header has the unknown length ${size}`);
  let end = 14 + size;
  need(end);
  const old = size === 12;
  const width = old ? view.getUint16(18, true) : view.getUint32(18, true);
  const signedHeight = old ? view.getUint16(20, true) : view.getInt32(22, true);
  checkSize(width, Math.abs(signedHeight), context);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = old ? Compression.None : view.getUint32(30, true);
  let masks = defaultMasks(bits);
  if (compression === Compression.BitFields) {
    // The masks follow a header of 40 bytes, and are part of the longer ones, at the same place.
    if (size === 40) end += 12;
    need(end);
    const given = [54, 58, 62].map((at) => view.getUint32(at, true));
    if (given.some((mask) => mask !== 0)) masks = given;
  }
  const colours = (old ? 0 : view.getUint32(46, true)) || 1 << bits;
  const entry = old ? 3 : 4;
  let offset = view.getUint32(10, true);
  let palette: Uint8Array | undefined;
  if (bits <= 8) {
    if (colours > MAX_COLOURS) damaged(context, `a palette of ${colours} colours`);
    if (offset === end) offset += entry * colours;
    palette = new Uint8Array(Math.min(colours, 256) * 3);
    for (let i = 0; i < palette.length / 3; i++) {
      for (let channel = 0; channel < 3; channel++)
        palette[i * 3 + channel] = bytes[end + i * entry + 2 - channel] ?? 0;
    }
  }
  const height = Math.abs(signedHeight);
  return { width, height, topDown: signedHeight < 0, bits, compression, masks, palette, offset: offset || end };
}

/** Indices of 1, 4 or 8 bits; the first pixel is in the highest bits. */
function unpackIndices(row: Uint8Array, bits: number, indices: Uint8Array): void {
  const perByte = 8 / bits;
  for (let x = 0; x < indices.length; x++) {
    const byte = row[Math.trunc(x / perByte)] as number;
    indices[x] = (byte >> (8 - bits * ((x % perByte) + 1))) & ((1 << bits) - 1);
  }
}

/** The byte values of the channel under `mask`, for pixels of `size` bytes. */
function channelReader(mask: number, size: number): (row: Uint8Array, at: number) => number {
  let shift = 0;
  while (shift < 32 && !((mask >>> shift) & 1)) shift++;
  const largest = shift === 32 ? 0 : mask >>> shift;
  return (row, at) => {
    let pixel = 0;
    for (let i = 0; i < size; i++) pixel |= (row[at + i] as number) << (8 * i);
    return largest === 0 ? 0 : Math.trunc((((pixel & mask) >>> shift) * 255) / largest);
  };
}

/** Palette indices from run-length encoding, in the file's order of rows. What is left out is colour 0. */
function decodeRuns(bytes: Uint8Array, header: BmpHeader, context: DecodeContext): Uint8Array {
  const { width, height, compression } = header;
  const indices = new Uint8Array(width * height);
  const nibbles = compression === Compression.RunLength4;
  const pixel = (byte: number, i: number): number => (!nibbles ? byte : i % 2 === 0 ? byte >> 4 : byte & 15);
  let at = header.offset;
  let to = 0;
  // Counted apart from `to`, because a run never leaves its row: what is too much for the row is dropped up to the end-of-line mark.
  let x = 0;
  while (to < indices.length) {
    const count = bytes[at];
    const byte = bytes[at + 1];
    if (count === undefined || byte === undefined) break;
    at += 2;
    if (count > 0) {
      const run = Math.min(count, Math.max(0, width - x));
      for (let i = 0; i < run; i++) indices[to++] = pixel(byte, i);
      x += run;
    } else if (byte === 0) {
      to = Math.ceil(to / width) * width;
      x = 0;
    } else if (byte === 1) {
      break;
    } else if (byte === 2) {
      to += (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * width;
      at += 2;
      x = to % width;
    } else {
      const length = nibbles ? Math.ceil(byte / 2) : byte;
      for (let i = 0; i < byte && to < indices.length; i++) {
        indices[to++] = pixel(bytes[at + (nibbles ? i >> 1 : i)] ?? 0, i);
      }
      at += length + (length % 2);
      x += byte;
    }
  }
  if (to < indices.length) damaged(context, "it has fewer pixels than it says; the file is truncated");
  return indices;
}

/**
 * A BMP file as RGB: 1, 4, 8, 16, 24 and 32 bits, palettes, run lengths, bit fields, rows in either order. Our own reader because
 * libvips has none in sharp's build.
 *
 * @throws MediaError when the file is damaged, truncated, too large, or of a rare kind (embedded JPEG or PNG, 2 bits).
 */
export function decodeBmp(bytes: Uint8Array, context: DecodeContext): RawImage {
  const header = readHeader(bytes, context);
  const { width, height, bits, compression } = header;
  if (![1, 4, 8, 16, 24, 32].includes(bits)) damaged(context, `${bits} bits a pixel are not supported`);
  const palette = header.palette && !isGreyRamp(header.palette) ? header.palette : undefined;
  const place = (fileRow: number): number => (header.topDown ? fileRow : height - 1 - fileRow) * width * 3;
  if (compression === Compression.RunLength8 || compression === Compression.RunLength4) {
    const indices = decodeRuns(bytes, header, context);
    const data = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++) {
      data.set(palettePixels(indices.subarray(y * width, (y + 1) * width), palette), place(y));
    }
    return { width, height, data };
  }
  if (compression !== Compression.None && compression !== Compression.BitFields) {
    damaged(context, `compression ${compression} is not supported`);
  }
  const rowBytes = Math.ceil((width * bits) / 8);
  const stride = Math.ceil(rowBytes / 4) * 4;
  if (header.offset + stride * (height - 1) + rowBytes > bytes.length) {
    damaged(context, "it has fewer pixels than it says; the file is truncated");
  }
  const data = new Uint8Array(width * height * 3);
  const indices = new Uint8Array(width);
  const channels = header.masks.map((mask) => channelReader(mask, bits / 8));
  for (let y = 0; y < height; y++) {
    const row = bytes.subarray(header.offset + y * stride, header.offset + y * stride + rowBytes);
    let to = place(y);
    if (bits <= 8) {
      unpackIndices(row, bits, indices);
      data.set(palettePixels(indices, palette), to);
      continue;
    }
    for (let at = 0; at < rowBytes; at += bits / 8) {
      for (const channel of channels) data[to++] = channel(row, at);
    }
  }
  return { width, height, data };
}
