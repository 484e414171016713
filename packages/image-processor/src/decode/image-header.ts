import { MediaError } from "@smolvlm/contracts";
import { exifOrientation, xmpOrientation } from "./orientation.js";
import type { ImageKind } from "./image-kind.js";

/** What a JPEG, PNG, WebP or AVIF file says of itself before its pixels. */
export interface ImageHeader {
  /** Pixels as they are stored; 0 where the file does not say. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, or that of the XMP packet, as Pillow reads them: 1 where there is none. */
  readonly orientation: number;
  /**
   * Where the four letters stand that announce EXIF data or an APNG's animation: other letters there hide it. Browsers turn pictures by
   * EXIF whatever they are told, some kinds of files and not others, and mix an animation's first frame with nothing, which loses what is
   * under its alpha.
   */
  readonly hideableMarks: readonly number[];
}

/** Most boxes, chunks or segments looked at: real files have a few dozen, and a large ICC profile some hundreds. */
const MAX_PARTS = 100_000;

/** What is found while walking through a file. */
class Findings implements ImageHeader {
  width = 0;
  height = 0;
  readonly hideableMarks: number[] = [];
  #exif: Uint8Array | undefined;
  #xmp: Uint8Array | undefined;
  #parts = 0;
  readonly view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly media: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get orientation(): number {
    return (this.#exif && exifOrientation(this.#exif)) ?? (this.#xmp && xmpOrientation(this.#xmp)) ?? 1;
  }

  text(from: number, to: number): string {
    return String.fromCharCode(...this.bytes.subarray(from, to));
  }

  /** Whether a part of this many bytes at `at` is there as a whole; counts parts. */
  has(at: number, length: number): boolean {
    if (++this.#parts > MAX_PARTS)
      throw new MediaError(this.media, `has more than ${MAX_PARTS} parts; the file is damaged.`);
    return at + length <= this.bytes.length;
  }

  /** The first EXIF data counts; all of it is marked. */
  exif(mark: number, from: number, to: number): void {
    this.hideableMarks.push(mark);
    this.#exif ??= this.bytes.subarray(from, to);
  }

  xmp(from: number, to: number): void {
    this.#xmp ??= this.bytes.subarray(from, to);
  }

  /** Keeps the largest size that is named. */
  size(width: number, height: number): void {
    if (width * height <= this.width * this.height) return;
    this.width = width;
    this.height = height;
  }
}

const XMP_MARK = "http://ns.adobe.com/xap/1.0/\0";
const EXIF_MARK = "Exif\0\0";

function readJpeg(found: Findings): void {
  const { view, bytes } = found;
  let at = 2;
  while (found.has(at, 4)) {
    const marker = bytes[at + 1] as number;
    // Junk, fill bytes, and markers that stand alone.
    if (bytes[at] !== 0xff || marker === 0xff || marker === 0) {
      at++;
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return;
    const end = at + 2 + view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame && found.has(at, 9)) found.size(view.getUint16(at + 7), view.getUint16(at + 5));
    if (marker === 0xe1) {
      const start = at + 4;
      if (found.text(start, start + EXIF_MARK.length) === EXIF_MARK) found.exif(start, start + EXIF_MARK.length, end);
      else if (found.text(start, start + XMP_MARK.length) === XMP_MARK) found.xmp(start + XMP_MARK.length, end);
    }
    at = end;
  }
}

function readPng(found: Findings): void {
  const { view } = found;
  for (let at = 8; found.has(at, 8);) {
    const length = view.getUint32(at);
    const type = found.text(at + 4, at + 8);
    const start = at + 8;
    if (type === "IHDR" && found.has(start, 8)) found.size(view.getUint32(start), view.getUint32(start + 4));
    if (type === "acTL") found.hideableMarks.push(at + 4);
    if (type === "eXIf") found.exif(at + 4, start, start + length);
    if (type === "iTXt" && found.text(start, start + 18) === "XML:com.adobe.xmp\0") found.xmp(start, start + length);
    if (type === "IEND") return;
    at = start + length + 4;
  }
}

function readWebp(found: Findings): void {
  const { view, bytes } = found;
  for (let at = 12; found.has(at, 8);) {
    const type = found.text(at, at + 4);
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    if (type === "VP8X" && found.has(start, 10)) {
      const side = (from: number): number => 1 + view.getUint16(from, true) + ((bytes[from + 2] as number) << 16);
      found.size(side(start + 4), side(start + 7));
    } else if (type === "VP8L" && found.has(start, 5)) {
      const bits = view.getUint32(start + 1, true);
      found.size(1 + (bits & 0x3fff), 1 + ((bits >> 14) & 0x3fff));
    } else if (type === "VP8 " && found.has(start, 10)) {
      found.size(view.getUint16(start + 6, true) & 0x3fff, view.getUint16(start + 8, true) & 0x3fff);
    } else if (type === "EXIF") {
      const skip = found.text(start, start + EXIF_MARK.length) === EXIF_MARK ? EXIF_MARK.length : 0;
      found.exif(at, start + skip, start + length);
    } else if (type === "XMP ") {
      found.xmp(start, start + length);
    }
    at = start + length + (length & 1);
  }
}

/** Boxes that contain boxes on the way to a size, and how many bytes of their own they have before them. */
const CONTAINERS = new Map([
  ["meta", 4],
  ["iprp", 0],
  ["ipco", 0],
  ["moov", 0],
  ["trak", 0],
]);

function readAvif(found: Findings, start = 0, stop = found.bytes.length, depth = 0): void {
  const { view } = found;
  for (let at = start; at + 8 <= stop && found.has(at, 8);) {
    const stated = view.getUint32(at);
    const type = found.text(at + 4, at + 8);
    // 0 stands for the rest; 1 for a length of eight bytes, which only the pixels need.
    const end =
      stated === 0 ? stop : stated === 1 && found.has(at, 16) ? at + Number(view.getBigUint64(at + 8)) : at + stated;
    if (end < at + 8 || end > stop) return;
    const own = CONTAINERS.get(type);
    if (own !== undefined && depth < 5) readAvif(found, at + 8 + own, end, depth + 1);
    if (type === "ispe" && end >= at + 20) found.size(view.getUint32(at + 12), view.getUint32(at + 16));
    // The last two numbers of a track's header, in 65,536ths.
    if (type === "tkhd" && end >= at + 16) found.size(view.getUint32(end - 8) >>> 16, view.getUint32(end - 4) >>> 16);
    at = end;
  }
}

/**
 * Reads a file's header without decoding anything. AVIF files always have orientation 1: decoders apply their own rotation.
 *
 * @throws MediaError when it has absurdly many parts.
 */
export function readImageHeader(bytes: Uint8Array, kind: ImageKind, media: string): ImageHeader {
  const found = new Findings(bytes, media);
  if (kind === "jpeg") readJpeg(found);
  else if (kind === "png") readPng(found);
  else if (kind === "webp") readWebp(found);
  else if (kind === "avif") readAvif(found);
  return found;
}
