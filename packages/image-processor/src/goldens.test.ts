import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RawImage } from "@smolvlm/contracts";
import { describe, expect, it } from "vitest";
import {
  SmolVLMImageProcessor,
  SmolVLMImageProcessorFast,
  type ImageProcessor,
  type ImageProcessorOptions,
  type ImageProcessorOutput,
} from "./index.js";

/** The synthetic picture of the specification §2.7 (t = 0) and of fixtures/README.md. */
function synthetic(width: number, height: number, t = 0): RawImage {
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[at++] = 7 * x + 13 * y + 37 * t;
      data[at++] = 3 * x + 29 * y + 17 + 5 * t;
      data[at++] = Math.floor((x * y) / 5) + 91 + 11 * t;
    }
  }
  return { width, height, data };
}

const sha = (data: Uint8Array | Uint8ClampedArray | Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");

/** The frames back as bytes, as §2.7 hashes them: `round((v · 0.5 + 0.5) · 255)`; adding a half and truncating rounds these. */
function levels(output: ImageProcessorOutput): Uint8Array {
  const values = output.pixelValues.data;
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (values[i] as number) * 127.5 + 128;
  return bytes;
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += bytes[i] as number;
  return sum;
}

const official = { size: { longestEdge: 2048 }, maxImageSize: { longestEdge: 512 } };
const columns: readonly ImageProcessor[] = [
  new SmolVLMImageProcessor(official),
  new SmolVLMImageProcessorFast(official),
  new SmolVLMImageProcessorFast({ ...official, flavour: "transformers-5-bicubic" }),
  new SmolVLMImageProcessorFast({ ...official, flavour: "transformers-4" }),
];

/** Source hash, grid, and for splitting and not splitting: hash / sum in each of the four columns of §2.7. */
const specification = [
  [64, 48, "7df694a307589cf2", 3, 4,
    ["d4e12465cc721b5e / 1323670492", "74c88a3326dcba00 / 1323756777", "fcd0534395270ac3 / 1323680078", "2a6965209d18e584 / 1323647905"],
    ["4e8a3d64c8ca0f24 / 101824095", "6f56af7df1684958 / 101837399", "2c7e0c0f0d617e98 / 101836569", "8ff30828c9ab593f / 101819833"]],
  [48, 64, "e21b3cf04b696683", 4, 3,
    ["337789af370e66a9 / 1312603659", "8cd8da1e905407d8 / 1312686953", "f4f47e662c83aa7e / 1312602177", "92035fddbd2c5397 / 1312576716"],
    ["a2ed133cd37c1efa / 100972945", "a2b13149ab1702ea / 100987286", "b95a1aea1dea05f9 / 100981548", "49b7647fd02fb4bd / 100968124"]],
  [96, 96, "18067b5377914966", 4, 4,
    ["e7cf9f148fe108bf / 1718008847", "60e4302082e636c5 / 1718021897", "00219bae30505a95 / 1718105721", "b4cc65a514094203 / 1718041407"],
    ["a4a282698852252a / 101062559", "1060f89f535d5789 / 101070144", "f57071fdf2613e2a / 101134944", "9464354ea80d8ab6 / 101059469"]],
  [333, 500, "31efa8bca0107c72", 4, 3,
    ["8955e713440a80a5 / 1304945767", "b2bbc0bf0a4d01af / 1304942650", "c8237f488e32bc64 / 1304992649", "8a72121d5729b328 / 1304979343"],
    ["e15ab8ae9e8021ef / 100379678", "e082ebaad83728d6 / 100379331", "7d34961809733404 / 100395327", "252fa1302dbd8c20 / 100383664"]],
  [200, 61, "a5563d1d774d4ee5", 2, 4,
    ["2582569d31bdc355 / 907662924", "b33a5187327ff6f7 / 907694525", "f91c8b56b6a4129e / 907730701", "3f6e7d0f59be83f4 / 907672790"],
    ["fb7c91000e9c37e5 / 100859069", "2190cbc2e4704274 / 100865445", "16bc297391109c75 / 100875804", "74a5df8a22cb0596 / 100852667"]],
] as const; // prettier-ignore

describe("the golden hashes of the specification, §2.7", () => {
  it.each(specification)(
    "%i×%i, four stacks, split and not split",
    (width, height, source, rows, cols, split, unsplit) => {
      const image = synthetic(width, height);
      expect(sha(image.data).slice(0, 16)).toBe(source);
      const run = (doImageSplitting: boolean): string[] =>
        columns.map((processor) => {
          const output = processor.preprocess(image, { doImageSplitting, returnRowColInfo: true });
          expect([output.rows, output.cols]).toEqual(doImageSplitting ? [[[rows]], [[cols]]] : [[[0]], [[0]]]);
          const bytes = levels(output);
          return `${sha(bytes).slice(0, 16)} / ${sumOf(bytes)}`;
        });
      expect(run(true)).toEqual(split);
      expect(run(false)).toEqual(unsplit);
    },
  );

  it("has the spot values of the last frame", () => {
    const last = (width: number, height: number, y: number, x: number): number[] => {
      const output = columns[0]?.preprocess(synthetic(width, height)) as ImageProcessorOutput;
      const bytes = levels(output);
      return [0, 1, 2].map((c) => bytes[bytes.length - (3 - c) * 512 * 512 + y * 512 + x] as number);
    };
    expect(last(64, 48, 0, 0)).toEqual([0, 12, 91]);
    expect(last(64, 48, 100, 200)).toEqual([32, 94, 135]);
    expect(last(333, 500, 0, 0)).toEqual([1, 17, 91]);
    expect(last(333, 500, 100, 200)).toEqual([130, 166, 70]);
  });
});

interface FixtureCase {
  readonly name: string;
  readonly flavour: "pil" | "torchvision";
  readonly init: Record<string, unknown>;
  readonly call: Record<string, unknown>;
  readonly images: [number, number][][];
  readonly seeds: number[][];
  readonly output?: {
    readonly shape: number[];
    readonly pixel_values_sha256: string;
    readonly mask_shape: number[] | null;
    readonly mask_sha256: string | null;
    readonly rows: number[][] | null;
    readonly cols: number[][] | null;
  };
}

/** Keyword arguments of the Python class as options. */
function camelCase(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const rename = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [rename(name), camelCase(inner)]));
}

/** The torchvision processor leaves out samples without pictures at the end of `rows` and `cols`; ours has an entry for each. */
function withoutTrailingEmpty(grids: readonly number[][] | null | undefined): readonly number[][] | null {
  return grids ? grids.slice(0, grids.findLastIndex((sample) => sample.length > 0) + 1) : null;
}

const fixtures = JSON.parse(
  readFileSync(new URL("../../../fixtures/image-processor/goldens.json", import.meta.url), "utf8"),
) as { cases: FixtureCase[] };

describe("the reference's own output for many sizes and options", () => {
  it.each(fixtures.cases)("$name", ({ flavour, init, call, images, seeds, output }) => {
    const Processor = flavour === "pil" ? SmolVLMImageProcessor : SmolVLMImageProcessorFast;
    const batch = images.map((sample, s) =>
      sample.map(([width, height], i) => synthetic(width, height, seeds[s]?.[i])),
    );
    const run = (): ImageProcessorOutput =>
      new Processor(camelCase(init) as ImageProcessorOptions).preprocess(
        batch,
        camelCase(call) as ImageProcessorOptions,
      );
    if (!output) {
      expect(run).toThrow(expect.objectContaining({ name: "InvalidArgumentError" }) as Error);
      return;
    }
    const { pixelValues, pixelAttentionMask, rows, cols } = run();
    expect({
      shape: pixelValues.dims,
      pixels: sha(pixelValues.data),
      maskShape: pixelAttentionMask?.dims ?? null,
      mask: pixelAttentionMask ? sha(pixelAttentionMask.data) : null,
      rows: withoutTrailingEmpty(rows),
      cols: withoutTrailingEmpty(cols),
    }).toEqual({
      shape: output.shape,
      pixels: output.pixel_values_sha256,
      maskShape: output.mask_shape,
      mask: output.mask_sha256,
      rows: withoutTrailingEmpty(output.rows),
      cols: withoutTrailingEmpty(output.cols),
    });
  });
});

describe("a budget has the reference's pixels for the size of its grid", () => {
  const budgets = fixtures.cases.filter(({ name }) => name.startsWith("budget-"));
  const processor = new SmolVLMImageProcessor({ size: { longestEdge: 128 }, maxImageSize: { longestEdge: 32 } });

  it.each(budgets)("$name", ({ name, init, images, output }) => {
    const [width, height] = images[0]?.[0] ?? [0, 0];
    const side = Number(name.split("-")[1]);
    const tiles = (longestEdge: number): number => {
      const { rows, cols } = processor.getNumberOfImagePatches(height, width, { size: { longestEdge } });
      return Math.max(rows * cols, 1);
    };
    const hash = (options: ImageProcessorOptions) =>
      sha(processor.preprocess(synthetic(width, height), options).pixelValues.data);
    expect(init["size"]).toEqual({ longest_edge: 32 * side });
    // The grid's own number of tiles, and the most that the next greater grid does not fit into.
    for (const maxTiles of [tiles(32 * side), side === 4 ? 16 : tiles(32 * (side + 1)) - 1]) {
      expect(hash({ maxTiles })).toBe(output?.pixel_values_sha256);
    }
    expect(hash({ longestEdge: 32 * side })).toBe(output?.pixel_values_sha256);
  });

  it("changes nothing that is within it", () => {
    const picture = synthetic(64, 48);
    const whole = processor.preprocess(picture);
    expect(processor.preprocess(picture, { maxTiles: 12, longestEdge: 128 })).toEqual(whole);
    expect(processor.preprocess(picture, { doImageSplitting: false, maxTiles: 1 })).toEqual(
      processor.preprocess(picture, { doImageSplitting: false }),
    );
  });
});
