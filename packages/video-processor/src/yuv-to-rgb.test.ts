import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { generate } from "../scripts/build-wasm.mjs";
import { WASM_KERNEL } from "./wasm-kernel.js";
import { loadWasmConverter } from "./wasm-yuv-to-rgb.js";
import { yuvFactors, yuvToRgb, yuvToRgbInTypeScript, type MatrixName, type YuvColor } from "./yuv-to-rgb.js";

describe("YUV to RGB", () => {
  it("has FFmpeg's factors", () => {
    expect(yuvFactors({ matrix: "bt601", fullRange: false })).toEqual({
      y: 9539,
      yOffset: 128,
      vToR: 13075,
      uToB: 16525,
      uToG: -3209,
      vToG: -6660,
    });
  });

  function pixel(y: number, u: number, v: number, color: Partial<YuvColor> = {}) {
    const plane = (value: number) => Uint8Array.of(value);
    const frame = { width: 1, height: 1, y: plane(y), u: plane(u), v: plane(v), yStride: 1, uvStride: 1 };
    return [...yuvToRgb(frame, { matrix: "bt601", fullRange: false, ...color }).data];
  }

  it("maps black, white and the range", () => {
    expect(pixel(16, 128, 128)).toEqual([0, 0, 0]);
    expect(pixel(235, 128, 128)).toEqual([255, 255, 255]);
    expect(pixel(0, 128, 128, { fullRange: true })).toEqual([0, 0, 0]);
    expect(pixel(255, 128, 128, { fullRange: true })).toEqual([255, 255, 255]);
    expect(pixel(81, 90, 240)[0]).toBeGreaterThan(250);
    expect(pixel(81, 90, 240)).not.toEqual(pixel(81, 90, 240, { matrix: "bt709" }));
  });

  it("takes one chroma sample for 2 × 2 pixels, at odd sizes and with padded rows too", () => {
    const y = new Uint8Array(4 * 3).fill(128);
    const u = Uint8Array.of(90, 200, 0, 60, 128, 0);
    const v = Uint8Array.of(60, 128, 0, 200, 90, 0);
    const { data } = yuvToRgb(
      { width: 3, height: 3, y, u, v, yStride: 4, uvStride: 3 },
      { matrix: "bt709", fullRange: true },
    );
    const at = (x: number, row: number) => [...data.subarray((row * 3 + x) * 3, (row * 3 + x) * 3 + 3)];
    expect([at(1, 0), at(0, 1), at(1, 1)]).toEqual([at(0, 0), at(0, 0), at(0, 0)]);
    expect(at(2, 1)).toEqual(at(2, 0));
    expect(new Set([at(0, 0), at(2, 0), at(0, 2), at(2, 2)].map(String)).size).toBe(4);
  });

  it("takes chroma for each row in 4:2:2, for each pixel in 4:4:4", () => {
    const color: YuvColor = { matrix: "bt601", fullRange: false };
    const y = new Uint8Array(4).fill(128);
    const planes = { width: 2, height: 2, y, yStride: 2 };
    const convert = (chroma: readonly number[], uvStride: number, subsampling?: 420 | 422 | 444) => {
      const plane = Uint8Array.from(chroma);
      return yuvToRgb({ ...planes, u: plane, v: plane, uvStride, subsampling }, color).data;
    };
    const level = (value: number) => [...convert([value], 1).subarray(0, 3)];
    expect([...convert([60, 200], 1, 422)]).toEqual([60, 60, 200, 200].flatMap(level));
    expect([...convert([60, 90, 150, 200], 2, 444)]).toEqual([60, 90, 150, 200].flatMap(level));
  });
});

describe("the WebAssembly kernel", () => {
  it("is what wasm/yuv-to-rgb.ts compiles to, and small", async () => {
    expect(readFileSync(new URL("./wasm-kernel.ts", import.meta.url), "utf8")).toBe(await generate());
    expect(atob(WASM_KERNEL).length).toBeLessThan(1000);
  });

  it("equals TypeScript on noise of many sizes, in every matrix and range", () => {
    const convert = loadWasmConverter() ?? expect.unreachable();
    let seed = 1;
    const noise = (length: number) =>
      Uint8Array.from({ length }, () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 24);
    const sizes = [
      [1, 1],
      [2, 2],
      [3, 5],
      [15, 4],
      [16, 2],
      [17, 3],
      [33, 7],
      [641, 11],
      [1920, 70],
      [40_000, 5],
    ] as const;
    for (const [width, height] of sizes) {
      for (const padding of [0, 5]) {
        const yStride = width + padding;
        const uvStride = ((width + 1) >> 1) + padding;
        const chroma = uvStride * ((height + 1) >> 1);
        const frame = {
          width,
          height,
          y: noise(yStride * height),
          u: noise(chroma),
          v: noise(chroma),
          yStride,
          uvStride,
        };
        for (const matrix of ["bt601", "bt709", "smpte240m", "bt2020"] satisfies MatrixName[]) {
          const color = { matrix, fullRange: padding === 0 };
          const [actual, expected] = [convert(frame, color), yuvToRgbInTypeScript(frame, color)];
          expect(Buffer.from(actual.data).equals(Buffer.from(expected.data)), `${width}×${height} ${matrix}`).toBe(
            true,
          );
        }
      }
    }
  });
});
