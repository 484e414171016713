import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { atenWeights, axisWeights, pillowWeights, type AxisWeights } from "./axis-weights.js";
import { filterOf } from "./filter.js";
import { resampleInTypeScript, type FixedPointResampler, type RgbPixels } from "./fixed-point-resampler.js";
import { loadWasmResampler } from "./wasm-resampler.js";

const resampleInWasm = loadWasmResampler() as FixedPointResampler;

/** Noise with many blacks and whites, which overshoot the most. */
function noise(width: number, height: number, seed: number): RgbPixels {
  let state = seed | 1;
  const data = new Uint8Array(width * height * 3).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const value = state >>> 22;
    return value < 256 ? value : value < 640 ? 0 : 255;
  });
  return { width, height, data };
}

const rounds = { pillow: pillowWeights, aten: atenWeights };

function both(
  image: RgbPixels,
  width: number,
  height: number,
  resample: number,
  round: keyof typeof rounds,
  wasm = resampleInWasm,
): [RgbPixels, RgbPixels] {
  const axis = (from: number, to: number) => {
    const weights: AxisWeights = axisWeights(from, to, filterOf(resample));
    return from === to ? undefined : rounds[round](weights);
  };
  const horizontal = axis(image.width, width);
  const vertical = axis(image.height, height);
  return [resampleInTypeScript(image, horizontal, vertical), wasm(image, horizontal, vertical)];
}

describe("the WebAssembly resampler", () => {
  it("computes what the TypeScript one does, for any sizes, filter and rounding", () => {
    const side = fc.integer({ min: 1, max: 120 });
    const inputs = [
      side,
      side,
      side,
      side,
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom("pillow", "aten"),
      fc.nat(),
    ] as const;
    fc.assert(
      fc.property(...inputs, (width, height, newWidth, newHeight, resample, round, seed) => {
        const [expected, found] = both(
          noise(width, height, seed),
          newWidth,
          newHeight,
          resample,
          round as keyof typeof rounds,
        );
        expect([found.width, found.height]).toEqual([expected.width, expected.height]);
        expect(Buffer.compare(found.data as Uint8Array, expected.data as Uint8Array)).toBe(0);
      }),
      { numRuns: 150, seed: 20261124 },
    );
  });

  it.each([
    ["several stripes, shrinking", 700, 900, 300, 420],
    ["several stripes, enlarging", 300, 200, 900, 640],
    ["several stripes, one axis", 700, 300, 700, 950],
    ["several stripes, the other axis", 300, 700, 950, 700],
    ["a tall picture to a few rows", 40, 9000, 30, 3],
    ["a wide picture to a few columns", 20000, 3, 2, 5],
    ["a row wider than a stripe", 2, 2, 60000, 2],
  ])("works in %s", (_, width, height, newWidth, newHeight) => {
    const [expected, found] = both(noise(width, height, 5), newWidth, newHeight, 1, "pillow");
    expect(Buffer.compare(found.data as Uint8Array, expected.data as Uint8Array)).toBe(0);
  });

  it("has room for the taps with which the last rows are filled up", () => {
    const image = noise(1600, 1200, 7);
    const axes = [axisWeights(1600, 128, filterOf(1)), axisWeights(1200, 96, filterOf(1))].map(pillowWeights);
    const [horizontal, vertical] = axes as [ReturnType<typeof pillowWeights>, ReturnType<typeof pillowWeights>];
    // One of its own, whose memory no other picture has made larger.
    const found = (loadWasmResampler() as FixedPointResampler)(image, horizontal, vertical);
    const expected = resampleInTypeScript(image, horizontal, vertical);
    expect(Buffer.compare(found.data as Uint8Array, expected.data as Uint8Array)).toBe(0);
  });

  it("shrinks any picture in a memory of its own", () => {
    const large = fc.integer({ min: 1, max: 300 });
    const small = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(large, large, small, small, (width, height, newWidth, newHeight) => {
        const fresh = loadWasmResampler() as FixedPointResampler;
        const [expected, found] = both(noise(width, height, 7), newWidth, newHeight, 1, "pillow", fresh);
        expect(Buffer.compare(found.data as Uint8Array, expected.data as Uint8Array)).toBe(0);
      }),
      { numRuns: 60, seed: 20261126 },
    );
  });

  it("is left out where WebAssembly may not be compiled", () => {
    vi.stubGlobal("WebAssembly", {
      Module: function refuse() {
        throw new EvalError("Refused by the content security policy");
      },
    });
    expect(loadWasmResampler()).toBeUndefined();
    vi.stubGlobal("WebAssembly", undefined);
    expect(loadWasmResampler()).toBeUndefined();
    vi.unstubAllGlobals();
  });
});
