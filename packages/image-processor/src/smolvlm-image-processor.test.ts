import type { ModelFiles, RawImage } from "@smolvlm/contracts";
import { describe, expect, it } from "vitest";
import {
  Resample,
  SmolVLMImageProcessor,
  SmolVLMImageProcessorFast,
  type FastFlavour,
  type ImageProcessorOptions,
} from "./index.js";

const image = (width: number, height: number, channels = 3): RawImage => ({
  width,
  height,
  data: new Uint8Array(width * height * channels).map((_, i) => (i * 41) % 256),
});

const small = { size: { longestEdge: 64 }, maxImageSize: { longestEdge: 32 } };
const processor = new SmolVLMImageProcessor(small);

describe("options", () => {
  it("have the defaults of the reference's class", () => {
    expect(new SmolVLMImageProcessor().config).toEqual({
      doConvertRgb: true,
      doResize: true,
      size: { longestEdge: 1456 },
      resample: Resample.LANCZOS,
      doImageSplitting: true,
      maxImageSize: { longestEdge: 364 },
      doRescale: true,
      rescaleFactor: 1 / 255,
      doNormalize: true,
      imageMean: [0.5, 0.5, 0.5],
      imageStd: [0.5, 0.5, 0.5],
      doPad: true,
      returnRowColInfo: false,
    });
  });

  it("are read from the Hub's JSON", async () => {
    const json = {
      image_processor_type: "SmolVLMImageProcessor",
      size: { longest_edge: 2048 },
      max_image_size: { longest_edge: 512 },
      image_mean: [0.1, 0.2, 0.3],
      resample: 3,
    };
    const expected = {
      size: { longestEdge: 2048 },
      maxImageSize: { longestEdge: 512 },
      imageMean: [0.1, 0.2, 0.3],
      resample: 3,
    };
    expect(SmolVLMImageProcessor.fromConfig(json).config).toMatchObject(expected);
    const bytes = new TextEncoder().encode(JSON.stringify(json));
    const files: ModelFiles = {
      id: "a/b",
      revision: "1",
      list: () => Promise.resolve(["preprocessor_config.json"]),
      prefetch: () => Promise.resolve(),
      open: (path) => {
        const read = (offset: number, length: number) => Promise.resolve(bytes.slice(offset, offset + length));
        return Promise.resolve(path === "preprocessor_config.json" ? { size: bytes.length, read } : undefined);
      },
    };
    expect((await SmolVLMImageProcessor.fromPretrained(files)).config).toMatchObject(expected);
    const fast = await SmolVLMImageProcessorFast.fromPretrained(files, { flavour: "transformers-4" });
    expect(fast.config).toMatchObject(expected);
    expect(fast.flavour).toBe("transformers-4");
  });

  it.each<[string, ImageProcessorOptions, RegExp]>([
    [
      "a size of 0",
      { size: { longestEdge: 0 } },
      /^size\.longestEdge: expected a whole number of pixels from 1 to 8192, found 0\.$/,
    ],
    ["a fraction", { maxImageSize: { longestEdge: 31.5 } }, /^maxImageSize\.longestEdge/],
    ["an enormous size", { size: { height: 4, width: 1e9 } }, /^size\.width/],
    ["an unknown filter", { resample: 6 }, /^resample: expected a number of Resample, 0 to 5, found 6/],
    ["a number for a flag", { doPad: 1 as never }, /^doPad: expected true or false, found 1/],
    ["two means", { imageMean: [0.5, 0.5] }, /^imageMean/],
    ["a deviation of 0", { imageStd: 0 }, /^imageStd/],
    ["no tiles", { maxTiles: 0 }, /^maxTiles: expected a whole number from 1, found 0/],
    ["a longest edge of 0", { longestEdge: 0 }, /^longestEdge: expected a whole number of pixels from 1/],
    ["no rescaling factor", { rescaleFactor: Number.NaN }, /^rescaleFactor/],
    [
      "snake case",
      { do_resize: false } as never,
      /^do_resize: expected names in camelCase; `fromConfig` reads the Hub's JSON/,
    ],
  ])("refuse %s", (_, options, message) => {
    expect(() => new SmolVLMImageProcessor(options)).toThrow(message);
    expect(() => processor.preprocess(image(4, 4), options)).toThrow(message);
    expect(() => new SmolVLMImageProcessorFast(options)).toThrow(message);
  });

  it("name a flavour that exists", () => {
    expect(() => new SmolVLMImageProcessorFast({ flavour: "pil" as FastFlavour })).toThrow(
      /^flavour: expected transformers-5 or/,
    );
  });

  it("can be overridden per call, and undefined overrides nothing", () => {
    const options = { maxImageSize: { longestEdge: 16 }, size: undefined };
    expect(processor.preprocess(image(20, 20), options).pixelValues.dims).toEqual([1, 17, 3, 16, 16]);
    expect(processor.preprocess(image(20, 20)).pixelValues.dims).toEqual([1, 5, 3, 32, 32]);
  });

  it("take an exact size, one mean for all channels", () => {
    const exact = processor.preprocess(image(50, 20), {
      size: { width: 96, height: 32 },
      returnRowColInfo: true,
      imageMean: 0,
    });
    expect([exact.rows, exact.cols]).toEqual([[[1]], [[3]]]);
  });
});

describe("pictures", () => {
  it("are one sample alone or in a list, a batch in lists of lists", () => {
    const dims = (...args: Parameters<typeof processor.preprocess>) =>
      processor.preprocess(...args).pixelValues.dims.slice(0, 2);
    expect(dims(image(9, 9))).toEqual([1, 5]);
    expect(dims([image(9, 9), image(64, 32)])).toEqual([1, 8]);
    expect(dims([[image(9, 9)], [], [image(64, 32), image(9, 9)]])).toEqual([3, 8]);
  });

  it.each<[string, unknown, RegExp]>([
    ["an empty list", [], /images: expected a picture/],
    ["only empty samples", [[], []], /images: expected at least one picture/],
    ["pictures beside lists", [image(4, 4), [image(4, 4)]], /pictures and lists side by side/],
    ["text", "a.png", /images\[0\]\[0\]: expected a RawImage/],
    ["null", null, /images\[0\]\[0\]: expected a RawImage/],
    [
      "too few bytes",
      { width: 4, height: 4, data: new Uint8Array(47) },
      /images\[0\]\[0\]: expected 1, 3 or 4 bytes for each of 4×4 pixels, found 47 bytes/,
    ],
    ["two channels", image(4, 4, 2), /1, 3 or 4 bytes/],
    ["no pixels", { width: 0, height: 4, data: new Uint8Array(0) }, /at least 1×1 pixels, found 0×4/],
  ])("are refused: %s", (_, images, message) => {
    expect(() => processor.preprocess(images as RawImage)).toThrow(message);
  });

  it("lose their alpha and repeat their grey", () => {
    const rgba = image(7, 5, 4);
    const rgb = { ...rgba, data: rgba.data.filter((_, i) => i % 4 !== 3) };
    expect(processor.preprocess({ ...rgba, data: new Uint8ClampedArray(rgba.data) })).toEqual(
      processor.preprocess(rgb),
    );
    const grey = image(7, 5, 1);
    const repeated = { ...grey, data: new Uint8Array([...grey.data].flatMap((value) => [value, value, value])) };
    expect(processor.preprocess(grey)).toEqual(processor.preprocess(repeated));
    expect(() => processor.preprocess(grey, { doConvertRgb: false })).toThrow(
      /expected 3 channels, or doConvertRgb: true, found 1 channels/,
    );
    expect(processor.preprocess(rgb, { doConvertRgb: false }).pixelValues.dims).toEqual([1, 5, 3, 32, 32]);
  });

  it("cannot be stacked without padding when samples differ", () => {
    const batch = [[image(9, 9)], [image(64, 32)]];
    expect(() => processor.preprocess(batch, { doPad: false })).toThrow(
      /the same number of frames in every sample, or doPad: true, found 5, 3 frames/,
    );
    expect(processor.preprocess(batch, { doPad: false, doImageSplitting: false }).pixelAttentionMask).toBeUndefined();
  });

  it("make a tensor of a possible size", () => {
    const strip = image(200_000, 2);
    const options = { doResize: false, maxImageSize: { longestEdge: 2 }, size: { longestEdge: 2 } };
    expect(processor.preprocess(strip, options).pixelValues.dims).toEqual([1, 100_001, 3, 2, 2]);
    const huge = { maxImageSize: { longestEdge: 8192 }, doImageSplitting: false };
    const many = Array.from({ length: 11 }, () => image(2, 2));
    expect(() => processor.preprocess(many, huge)).toThrow(
      /at most 2147483648 values, found shape \[1, 11, 3, 8192, 8192\]/,
    );
  });

  it("are padded with zeros and a mask of zeros", () => {
    const { pixelValues, pixelAttentionMask } = processor.preprocess([[image(64, 32)], [image(9, 9)]]);
    const frame = 32 * 32;
    expect(pixelValues.data.slice(3 * 3 * frame, 5 * 3 * frame).every((value) => value === 0)).toBe(true);
    const mask = [...(pixelAttentionMask?.data ?? [])].filter((_, i) => i % frame === 0);
    expect(mask).toEqual([1, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
  });
});

describe("getNumberOfImagePatches", () => {
  const official = new SmolVLMImageProcessor({ size: { longestEdge: 2048 }, maxImageSize: { longestEdge: 512 } });

  it.each([
    [96, 96, 17, 4, 4],
    [480, 640, 13, 3, 4],
    [1080, 1920, 13, 3, 4],
    [640, 480, 13, 4, 3],
    [500, 333, 13, 4, 3],
    [260, 1000, 9, 2, 4],
    [500, 2000, 5, 1, 4],
    [1, 1000, 5, 1, 4],
    [51, 2048, 5, 1, 4],
    [999, 1000, 17, 4, 4],
  ])("of %i×%i (height × width) is %i", (height, width, patches, rows, cols) => {
    expect(official.getNumberOfImagePatches(height, width)).toEqual({ patches, rows, cols });
    expect(new SmolVLMImageProcessorFast(official.config).getNumberOfImagePatches(height, width)).toEqual({
      patches,
      rows,
      cols,
    });
  });

  it("is 1 for a picture that is not split", () => {
    expect(official.getNumberOfImagePatches(500, 333, { doImageSplitting: false })).toEqual({
      patches: 1,
      rows: 0,
      cols: 0,
    });
    expect(official.getNumberOfImagePatches(500, 333, { doResize: false })).toEqual({ patches: 1, rows: 0, cols: 0 });
  });

  it("counts what preprocess makes", () => {
    for (const [width, height] of [
      [37, 90],
      [53, 37],
      [1, 40],
      [33, 32],
    ] as const) {
      const options = { size: { longestEdge: 100 }, maxImageSize: { longestEdge: 36 }, returnRowColInfo: true };
      const { pixelValues, rows, cols } = processor.preprocess(image(width, height), options);
      const patches = processor.getNumberOfImagePatches(height, width, options);
      expect(patches).toEqual({ patches: pixelValues.dims[1], rows: rows?.[0]?.[0], cols: cols?.[0]?.[0] });
    }
  });

  it("needs a size", () => {
    expect(() => official.getNumberOfImagePatches(0, 5)).toThrow(
      /height, width: expected whole numbers of pixels from 1/,
    );
  });
});
