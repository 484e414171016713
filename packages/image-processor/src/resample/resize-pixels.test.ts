import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Resample } from "./filter.js";
import { resizePixels, type ResampleArithmetic } from "./resize-pixels.js";
import type { RgbPixels } from "./fixed-point-resampler.js";

interface ResizeCase {
  readonly from: [number, number];
  readonly to: [number, number];
  readonly seed: number;
  readonly pillow: Record<string, string>;
  readonly torchvision: Record<string, string>;
  readonly "torchvision-float32": Record<string, string>;
}

const goldens = JSON.parse(readFileSync(new URL("../../goldens/resize.json", import.meta.url), "utf8")) as {
  cases: ResizeCase[];
};

/** The noise of goldens/make_resize_goldens.py. */
function noise(width: number, height: number, seed: number): RgbPixels {
  let state = seed;
  const data = new Uint8Array(width * height * 3).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const byte = state >>> 24;
    return seed % 2 === 0 ? byte : byte < 128 ? 0 : 255;
  });
  return { width, height, data };
}

const shortHash = (data: Uint8Array | Uint8ClampedArray): string =>
  createHash("sha256").update(data).digest("hex").slice(0, 16);

describe("resizePixels", () => {
  it.each(["pillow", "torchvision", "torchvision-float32"] as const)(
    "gives the pixels of %s",
    (arithmetic: ResampleArithmetic) => {
      for (const golden of goldens.cases) {
        const image = noise(...golden.from, golden.seed);
        const [width, height] = golden.to;
        for (const [resample, sha] of Object.entries(golden[arithmetic])) {
          const resized = resizePixels(image, { width, height }, Number(resample) as Resample, arithmetic);
          const name = `${golden.from} to ${golden.to}, seed ${golden.seed}, filter ${resample}`;
          expect([name, resized.width, resized.height, shortHash(resized.data)]).toEqual([name, width, height, sha]);
        }
      }
    },
  );

  it("returns the picture itself when the size stays", () => {
    const image = noise(5, 4, 1);
    expect(resizePixels(image, { width: 5, height: 4 }, Resample.LANCZOS, "pillow")).toBe(image);
  });

  it("refuses filters that torchvision does not have", () => {
    const image = noise(5, 4, 1);
    expect(() => resizePixels(image, { width: 5, height: 4 }, Resample.BOX, "torchvision")).toThrow(
      /resample: expected NEAREST, LANCZOS/,
    );
    expect(() => resizePixels(image, { width: 9, height: 4 }, Resample.LANCZOS, "torchvision-float32")).toThrow(
      /BICUBIC or BILINEAR/,
    );
  });
});
