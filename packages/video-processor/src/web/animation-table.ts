import { MediaError } from "@smolvlm/contracts";
import { MAX_ANIMATION_FRAMES, type AnimationKind } from "../animation.js";

/** What an animation's file says of its frames. */
export interface AnimationTable {
  /** Pixels; 0 for a WebP that does not say, because it does not move. */
  readonly width: number;
  readonly height: number;
  /** Milliseconds that the file asks for each frame. */
  readonly delays: readonly number[];
}

/** Reads forward; every read is checked against the file's end. */
class Reader {
  #at = 0;
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly media: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  skip(length: number): void {
    this.#at += Math.max(0, length);
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.bytes.length) throw new MediaError(this.media, "ends too early; the file is truncated.");
    this.#at += length;
    return at;
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  word(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  triple(): number {
    return this.word() | (this.byte() << 16);
  }

  long(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  text(length: number): string {
    const at = this.#take(length);
    return String.fromCharCode(...this.bytes.subarray(at, at + length));
  }
}

function addDelay(delays: number[], delay: number, media: string): void {
  if (delays.push(delay) > MAX_ANIMATION_FRAMES)
    throw new MediaError(media, `has more than ${MAX_ANIMATION_FRAMES} frames, which is the limit.`);
}

function readGif(reader: Reader): AnimationTable {
  reader.skip(6);
  const [width, height] = [reader.word(), reader.word()];
  const skipPalette = (flags: number): void => reader.skip(flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  const skipBlocks = (): void => {
    for (let length = reader.byte(); length > 0; length = reader.byte()) reader.skip(length);
  };
  const flags = reader.byte();
  reader.skip(2);
  skipPalette(flags);
  const delays: number[] = [];
  let delay = 0;
  while (!reader.isAtEnd) {
    const introducer = reader.byte();
    if (introducer === 0x3b) break;
    if (introducer === 0x21) {
      if (reader.byte() === 0xf9) {
        const length = reader.byte();
        reader.skip(1);
        delay = reader.word() * 10;
        reader.skip(length - 3);
      }
      skipBlocks();
    } else if (introducer === 0x2c) {
      reader.skip(8);
      skipPalette(reader.byte());
      reader.skip(1);
      skipBlocks();
      addDelay(delays, delay, reader.media);
      delay = 0;
    }
  }
  return { width, height, delays };
}

function readWebp(reader: Reader): AnimationTable {
  reader.skip(12);
  let [width, height] = [0, 0];
  const delays: number[] = [];
  while (!reader.isAtEnd) {
    const type = reader.text(4);
    const length = reader.long();
    const padded = length + (length & 1);
    if (type === "VP8X") {
      reader.skip(4);
      [width, height] = [reader.triple() + 1, reader.triple() + 1];
      reader.skip(padded - 10);
    } else if (type === "ANMF") {
      reader.skip(12);
      addDelay(delays, reader.triple(), reader.media);
      reader.skip(padded - 15);
    } else {
      reader.skip(padded);
    }
  }
  return { width, height, delays };
}

/**
 * How long the frames of an animated GIF or WebP are to be shown, without decoding them.
 *
 * @throws MediaError when the file is truncated or has too many frames.
 */
export function animationTable(bytes: Uint8Array, kind: AnimationKind, media: string): AnimationTable {
  const reader = new Reader(bytes, media);
  return kind === "gif" ? readGif(reader) : readWebp(reader);
}
