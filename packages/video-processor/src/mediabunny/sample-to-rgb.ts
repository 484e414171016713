import { MediaError, type RawImage } from "@smolvlm/contracts";
import type { VideoSample } from "mediabunny";
import { yuvToRgb, type Subsampling, type YuvColor } from "../yuv-to-rgb.js";

/** How WebCodecs lays out a frame, by the name of its pixel format. */
interface PlanarLayout {
  readonly subsampling: Subsampling;
  /** Bits that a level has over eight; they are cut off. */
  readonly extraBits: number;
}

/** `I422AP10` is 4:2:2 with alpha and ten bits a level. Undefined for formats that are not planes of Y, U and V. */
function planarLayout(format: string): PlanarLayout | undefined {
  const [, name, bits] = /^I(420|422|444)A?(?:P(10|12))?$/.exec(format) ?? [];
  if (name === undefined) return undefined;
  return { subsampling: Number(name) as Subsampling, extraBits: Number(bits ?? 8) - 8 };
}

/** Pixels of four bytes without their alpha. */
function packedToRgb(bytes: Uint8Array, offset: number, stride: number, size: Size, redFirst: boolean): RawImage {
  const { width, height } = size;
  const data = new Uint8Array(width * height * 3);
  const [red, blue] = redFirst ? [0, 2] : [2, 0];
  for (let row = 0, to = 0; row < height; row++) {
    for (let from = offset + row * stride, end = from + width * 4; from < end; from += 4) {
      data[to++] = bytes[from + red] as number;
      data[to++] = bytes[from + 1] as number;
      data[to++] = bytes[from + blue] as number;
    }
  }
  return { width, height, data };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** One half of the bytes of interleaved chroma. */
function everySecond(bytes: Uint8Array, from: number): Uint8Array {
  const half = new Uint8Array(bytes.length >> 1);
  for (let i = 0; i < half.length; i++) half[i] = bytes[from + 2 * i] as number;
  return half;
}

/**
 * A decoded frame as RGB, by our own conversion: a decoder's own guesses another matrix, and rounds in its own way. The sample stays open.
 *
 * @throws MediaError for a pixel format that cannot be read.
 */
export async function sampleToRgb(sample: VideoSample, color: YuvColor, media: string): Promise<RawImage> {
  const format = String(sample.format);
  const planar = planarLayout(format);
  const packed = /^(RGB|BGR)[AX]$/.exec(format);
  if (!planar && !packed && format !== "NV12") {
    throw new MediaError(media, `its pixel format ${format} cannot be converted; convert the video to 8-bit yuv420p.`);
  }
  const { width, height } = sample.visibleRect;
  const bytes = new Uint8Array(sample.allocationSize());
  const [first, second, third] = await sample.copyTo(bytes);
  if (!first || (!packed && !second) || (planar && !third))
    throw new MediaError(media, "a frame has no planes; the file is damaged.");
  if (packed) return packedToRgb(bytes, first.offset, first.stride, { width, height }, packed[1] === "RGB");
  if (!second) throw new MediaError(media, "a frame has no chroma; the file is damaged.");
  const luma = { width, height, y: bytes.subarray(first.offset), yStride: first.stride };
  if (!planar || !third) {
    const chroma = bytes.subarray(second.offset);
    const planes = { u: everySecond(chroma, 0), v: everySecond(chroma, 1), uvStride: second.stride >> 1 };
    return yuvToRgb({ ...luma, ...planes }, color);
  }
  const { subsampling, extraBits } = planar;
  if (extraBits === 0) {
    const planes = { u: bytes.subarray(second.offset), v: bytes.subarray(third.offset), uvStride: second.stride };
    return yuvToRgb({ ...luma, ...planes, subsampling }, color);
  }
  const levels = Uint8Array.from(new Uint16Array(bytes.buffer, 0, bytes.length >> 1), (word) => word >> extraBits);
  const plane = (offset: number): Uint8Array => levels.subarray(offset >> 1);
  const planes = { y: plane(first.offset), u: plane(second.offset), v: plane(third.offset) };
  const strides = { yStride: first.stride >> 1, uvStride: second.stride >> 1 };
  return yuvToRgb({ width, height, ...planes, ...strides, subsampling }, color);
}
