import { MediaError, type RawImage } from "@smolvlm/contracts";
import { checkSize, type DecodeContext } from "./decode-context.js";
import { isGreyRamp, palettePixels } from "./palette-pixels.js";

/** LZW codes have at most 12 bits in a GIF. */
const MAX_CODES = 4096;

/** Reads forward through the file; every read is checked against its end. */
class GifReader {
  #offset = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly context: DecodeContext,
  ) {}

  take(length: number): Uint8Array {
    if (this.#offset + length > this.bytes.length) {
      throw new MediaError(this.context.media, "the GIF ends too early; the file is truncated.");
    }
    this.#offset += length;
    return this.bytes.subarray(this.#offset - length, this.#offset);
  }

  byte(): number {
    return this.take(1)[0] as number;
  }

  word(): number {
    const [low, high] = this.take(2);
    return (low as number) | ((high as number) << 8);
  }

  /** The next sub-block of a chain, empty at its end. */
  subBlock(): Uint8Array {
    return this.take(this.byte());
  }

  skipSubBlocks(): void {
    while (this.subBlock().length > 0);
  }

  palette(flags: number): Uint8Array | undefined {
    return flags & 0x80 ? this.take(3 << ((flags & 7) + 1)) : undefined;
  }
}

/** Decompresses `count` palette indices from a chain of sub-blocks. Stops as soon as it has them all. */
function readIndices(reader: GifReader, count: number): Uint8Array {
  const fail = (): never => {
    throw new MediaError(reader.context.media, "the GIF's compressed data is damaged.");
  };
  const rootBits = reader.byte();
  if (rootBits > 11) fail();
  const clear = 1 << rootBits;
  const end = clear + 1;
  const prefix = new Uint16Array(MAX_CODES);
  const suffix = new Uint8Array(MAX_CODES);
  const stack = new Uint8Array(MAX_CODES);
  const indices = new Uint8Array(count);
  let written = 0;
  let next = clear + 2;
  let bits = rootBits + 1;
  let previous = -1;
  let first = 0;
  let buffer = 0;
  let buffered = 0;
  let block = reader.subBlock();
  let at = 0;
  while (written < count) {
    while (buffered < bits) {
      if (at === block.length) {
        block = reader.subBlock();
        at = 0;
        if (block.length === 0) throw new MediaError(reader.context.media, "the GIF has fewer pixels than it says.");
      }
      buffer |= (block[at++] as number) << buffered;
      buffered += 8;
    }
    const code = buffer & ((1 << bits) - 1);
    buffer >>>= bits;
    buffered -= bits;
    if (code === clear) {
      next = clear + 2;
      bits = rootBits + 1;
      previous = -1;
      continue;
    }
    if (code === end) throw new MediaError(reader.context.media, "the GIF has fewer pixels than it says.");
    if (previous < 0) {
      if (code > end) fail();
      first = code;
      indices[written++] = code;
      previous = code;
      continue;
    }
    if (code > next) fail();
    let depth = 0;
    let chain = code;
    if (code === next) {
      stack[depth++] = first;
      chain = previous;
    }
    while (chain >= clear) {
      stack[depth++] = suffix[chain] as number;
      chain = prefix[chain] as number;
    }
    first = chain;
    stack[depth++] = first;
    while (depth > 0 && written < count) indices[written++] = stack[--depth] as number;
    if (next < MAX_CODES) {
      prefix[next] = previous;
      suffix[next] = first;
      next++;
      if (next === 1 << bits && bits < 12) bits++;
    }
    previous = code;
  }
  return indices;
}

/** The row on which each row of an interlaced frame belongs, in file order. */
function interlacedRows(height: number): number[] {
  const passes: readonly (readonly [start: number, step: number])[] = [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ];
  const rows: number[] = [];
  for (const [start, step] of passes) {
    for (let y = start; y < height; y += step) rows.push(y);
  }
  return rows;
}

/**
 * The first frame of a GIF as RGB. It is our own reader because libvips gives transparent pixels as black, where Pillow shows the
 * colour that the palette has for them; and the rest of the canvas, where the frame is smaller, likewise.
 *
 * @throws MediaError when the file is damaged, truncated or too large.
 */
export function decodeGif(bytes: Uint8Array, context: DecodeContext): RawImage {
  const reader = new GifReader(bytes, context);
  reader.take(6);
  const screenWidth = reader.word();
  const screenHeight = reader.word();
  const screenFlags = reader.byte();
  reader.take(2);
  const globalPalette = reader.palette(screenFlags);
  let transparent = 0;
  for (;;) {
    const introducer = reader.byte();
    if (introducer === 0x21) {
      const label = reader.byte();
      const block = reader.subBlock();
      if (label === 0xf9 && block.length >= 4 && (block[0] as number) & 1) transparent = block[3] as number;
      if (block.length > 0) reader.skipSubBlocks();
    } else if (introducer === 0x2c) {
      break;
    } else if (introducer === 0x3b) {
      throw new MediaError(context.media, "the GIF has no picture in it.");
    }
    // Anything else is skipped byte by byte, as Pillow does.
  }
  const left = reader.word();
  const top = reader.word();
  const frameWidth = reader.word();
  const frameHeight = reader.word();
  const flags = reader.byte();
  checkSize(frameWidth, frameHeight, context);
  const width = Math.max(screenWidth, left + frameWidth);
  const height = Math.max(screenHeight, top + frameHeight);
  checkSize(width, height, context);
  const palette = reader.palette(flags) ?? globalPalette;
  const frame = readIndices(reader, frameWidth * frameHeight);
  const rows = flags & 0x40 ? interlacedRows(frameHeight) : undefined;
  const canvas = new Uint8Array(width * height).fill(transparent);
  for (let y = 0; y < frameHeight; y++) {
    const row = frame.subarray(y * frameWidth, (y + 1) * frameWidth);
    canvas.set(row, (top + (rows ? (rows[y] as number) : y)) * width + left);
  }
  return { width, height, data: palettePixels(canvas, palette && !isGreyRamp(palette) ? palette : undefined) };
}
