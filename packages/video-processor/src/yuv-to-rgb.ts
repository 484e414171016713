import type { RawImage } from "@smolvlm/contracts";
import { loadWasmConverter } from "./wasm-yuv-to-rgb.js";

/** Whose coefficients turn YUV into RGB: those the video names, or always BT.601's. */
export type ColorMatrix = "tagged" | "bt601";

/** A matrix by the name that FFmpeg and WebCodecs give it; what is not here counts as BT.601. */
export type MatrixName = "bt601" | "bt709" | "smpte240m" | "bt2020";

/** Where chroma is halved (odd sizes rounded up): 420 in both directions, 422 across, 444 nowhere. */
export type Subsampling = 420 | 422 | 444;

/** A frame of 8-bit YUV. */
export interface YuvFrame {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  /** Bytes from one row to the next. */
  readonly yStride: number;
  readonly uvStride: number;
  /** Default 420. */
  readonly subsampling?: Subsampling | undefined;
}

/** How a frame's numbers are to be read. */
export interface YuvColor {
  readonly matrix: MatrixName;
  /** Whether levels span 0–255 rather than 16–235. */
  readonly fullRange: boolean;
}

/** The coefficients of the four standards for V→R, U→B, U→G and V→G, times 65,536, for limited range. */
const INVERSE: Record<MatrixName, readonly [crv: number, cbu: number, cgu: number, cgv: number]> = {
  bt601: [104597, 132201, 25675, 53279],
  bt709: [117489, 138438, 13975, 34925],
  smpte240m: [117579, 136230, 16907, 35559],
  bt2020: [110013, 140363, 12277, 42626],
};

/** 16-bit factors: what a level of Y, U or V adds to red, green and blue. */
export interface YuvFactors {
  readonly y: number;
  readonly yOffset: number;
  readonly vToR: number;
  readonly uToB: number;
  readonly uToG: number;
  readonly vToG: number;
}

const round16 = (value: number): number => (value + 32768) >> 16;

/** The factors of x86's fast path of FFmpeg's scaler, whose rounding is part of what a decoder's pixels are. */
export function yuvFactors({ matrix, fullRange }: YuvColor): YuvFactors {
  const [crv, cbu, cgu, cgv] = INVERSE[matrix].map((value) =>
    fullRange ? Math.trunc((value * 224) / 255) : value,
  ) as [number, number, number, number];
  const scale = fullRange ? 65536 : Math.floor((65536 * 255) / 219);
  return {
    y: round16(scale * 8192),
    yOffset: round16((fullRange ? 0 : 16 << 16) * 8),
    vToR: round16(crv * 8192),
    uToB: round16(cbu * 8192),
    uToG: round16(-cgu * 8192),
    vToG: round16(-cgv * 8192),
  };
}

function clampToByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Converts a frame; all converters give the same bits. */
export type YuvConverter = (frame: YuvFrame, color: YuvColor) => RawImage;

/** Plain TypeScript: the oracle of the WebAssembly kernel, and what runs where WebAssembly SIMD may not. */
export const yuvToRgbInTypeScript: YuvConverter = (frame, color) => {
  const { width, height, y: luma, u, v, yStride, uvStride, subsampling = 420 } = frame;
  const acrossShift = subsampling === 444 ? 0 : 1;
  const downShift = subsampling === 420 ? 1 : 0;
  const factors = yuvFactors(color);
  const data = new Uint8Array(width * height * 3);
  // 256 levels each: look-up tables instead of multiplications.
  const level = new Int16Array(256);
  const red = new Int16Array(256);
  const blue = new Int16Array(256);
  const greenU = new Int16Array(256);
  const greenV = new Int16Array(256);
  for (let i = 0; i < 256; i++) {
    level[i] = ((8 * i - factors.yOffset) * factors.y) >> 16;
    red[i] = ((8 * i - 1024) * factors.vToR) >> 16;
    blue[i] = ((8 * i - 1024) * factors.uToB) >> 16;
    greenU[i] = ((8 * i - 1024) * factors.uToG) >> 16;
    greenV[i] = ((8 * i - 1024) * factors.vToG) >> 16;
  }
  let to = 0;
  for (let row = 0; row < height; row++) {
    const lumaRow = row * yStride;
    const chromaRow = (row >> downShift) * uvStride;
    for (let column = 0; column < width; column++) {
      const l = level[luma[lumaRow + column] as number] as number;
      const cu = u[chromaRow + (column >> acrossShift)] as number;
      const cv = v[chromaRow + (column >> acrossShift)] as number;
      data[to++] = clampToByte(l + (red[cv] as number));
      data[to++] = clampToByte(l + (greenU[cu] as number) + (greenV[cv] as number));
      data[to++] = clampToByte(l + (blue[cu] as number));
    }
  }
  return { width, height, data };
};

let converter: YuvConverter | undefined;

/**
 * 8-bit YUV to RGB, bit for bit as FFmpeg converts yuv420p and yuv422p to rgb24 by default on x86: each chroma sample stands for its pixels
 * without interpolation, and every product is cut to whole levels. FFmpeg's way with 4:4:4 is another, up to 3 levels away.
 */
export function yuvToRgb(frame: YuvFrame, color: YuvColor): RawImage {
  // The kernel knows no other layout: the others are rare.
  if ((frame.subsampling ?? 420) !== 420) return yuvToRgbInTypeScript(frame, color);
  converter ??= loadWasmConverter() ?? yuvToRgbInTypeScript;
  return converter(frame, color);
}
