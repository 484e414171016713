import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  SmolVLMImageProcessor,
  SmolVLMImageProcessorFast,
  type ImageProcessorOptions,
  type ImageProcessorOutput,
} from "./index.js";
import { columns, levels, specification, sumOf, synthetic } from "./testing/specification.js";

const sha = (data: Uint8Array | Uint8ClampedArray | Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");

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

describe("frames one by one", () => {
  const cases = fixtures.cases.filter(({ images, output }) => images.length === 1 && images[0]?.length === 1 && output);

  it.each(cases)("are those of `preprocess`: $name", ({ flavour, init, call, images, seeds, output }) => {
    const [[width, height] = [0, 0]] = images[0] ?? [];
    const Processor = flavour === "pil" ? SmolVLMImageProcessor : SmolVLMImageProcessorFast;
    const processor = new Processor(camelCase(init) as ImageProcessorOptions);
    const picture = synthetic(width, height, seeds[0]?.[0]);
    const { rows, cols, count, frames } = processor.stream(picture, camelCase(call) as ImageProcessorOptions);
    const hash = createHash("sha256");
    let found = 0;
    for (const { data } of frames) {
      hash.update(new Uint8Array(data.buffer));
      found++;
    }
    expect([found, hash.digest("hex")]).toEqual([count, output?.pixel_values_sha256]);
    if (output?.rows) expect([[[rows]], [[cols]]]).toEqual([output.rows, output.cols]);
  });

  it("are resized a row of tiles at a time", () => {
    const processor = new SmolVLMImageProcessor({ size: { longestEdge: 128 }, maxImageSize: { longestEdge: 32 } });
    const picture = synthetic(64, 48);
    const [whole] = [...processor.stream(picture).frames];
    const frames = processor.stream(picture).frames[Symbol.iterator]();
    expect(frames.next().value).toEqual(whole);
    // The tiles below are not made yet: they show what the picture is by then.
    picture.data.fill(0, 64 * 3 * 22);
    const rest = [...{ [Symbol.iterator]: () => frames }];
    expect(rest.length).toBe(12);
    expect(rest.at(-2)?.data.every((value) => value === -1)).toBe(true);
  });
});
