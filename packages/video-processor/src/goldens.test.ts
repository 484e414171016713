import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Resample } from "@smolvlm/image-processor";
import { describe, expect, it } from "vitest";
import { sampleFrameIndices } from "./sample-frame-indices.js";
import { SmolVLMVideoProcessor } from "./smolvlm-video-processor.js";
import { syntheticFrame } from "./testing/synthetic-frame.js";
import type { VideoProcessorOptions } from "./video-processor-options.js";

interface Goldens {
  readonly sampling: readonly {
    readonly total: number;
    readonly fps: number;
    readonly duration: number;
    readonly num_frames: number;
    readonly target_fps: number;
    readonly skip_secs: number;
    readonly indices: readonly number[];
  }[];
  readonly pixels: readonly {
    readonly name: string;
    readonly init: Record<string, unknown>;
    readonly call: Record<string, unknown>;
    readonly videos: readonly (readonly [width: number, height: number, frames: number, t0: number])[];
    readonly output?: {
      readonly shape: number[];
      readonly pixel_values_sha256: string;
      readonly mask_shape?: number[];
    };
    readonly error?: { readonly message: string };
  }[];
}

const goldens = JSON.parse(
  readFileSync(new URL("../../../fixtures/video-processor/goldens.json", import.meta.url), "utf8"),
) as Goldens;

function video([width, height, frames, t0]: readonly [number, number, number, number]) {
  return Array.from({ length: frames }, (_, f) => syntheticFrame(width, height, t0 + f));
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function options(call: Record<string, unknown>): VideoProcessorOptions {
  return Object.fromEntries(Object.entries(call).map(([name, value]) => [camelCase(name), value]));
}

const sha256 = (data: Float32Array) => createHash("sha256").update(new Uint8Array(data.buffer)).digest("hex");

describe("frame indices", () => {
  it("equal the reference's in every case", () => {
    expect(goldens.sampling.length).toBeGreaterThan(150);
    for (const { total, fps, duration, num_frames, target_fps, skip_secs, indices } of goldens.sampling) {
      const sampling = { numFrames: num_frames, fps: target_fps, skipSecs: skip_secs };
      expect(sampleFrameIndices({ totalNumFrames: total, fps, duration }, sampling)).toEqual(indices);
    }
  });
});

describe("pixels", () => {
  it.each(goldens.pixels)("equal the reference's to the bit: $name", async ({ init, call, videos, output }) => {
    const processor = SmolVLMVideoProcessor.fromConfig(init);
    const result = processor.preprocess(videos.map(video), options(call));
    if (output === undefined)
      return expect(result).rejects.toThrow(/the same number of frames in every video, or doPad: true/);
    const { pixelValues, pixelAttentionMask } = await result;
    expect(pixelValues.dims).toEqual(output.shape);
    expect(sha256(pixelValues.data)).toBe(output.pixel_values_sha256);
    const frames = Math.max(...videos.map(([, , count]) => count));
    const expected = videos.flatMap(([, , count]) => Array.from({ length: frames }, (_, f) => (f < count ? 1 : 0)));
    if (call["do_pad"] === false) return expect(pixelAttentionMask).toBeUndefined();
    const plane = (pixelAttentionMask?.data.length ?? 0) / expected.length;
    expect(expected.map((_, i) => pixelAttentionMask?.data.subarray(i * plane, (i + 1) * plane))).toEqual(
      expected.map((value) => new Uint8Array(plane).fill(value)),
    );
  });

  const official = {
    size: { longest_edge: 2048 },
    max_image_size: { longest_edge: 512 },
    video_sampling: { video_size: { longest_edge: 512 } },
  };
  const { size: _, ...withoutSize } = official;

  /** First 16 digits of the SHA-256 of the levels 0–255, and their sum. */
  async function digest(
    init: Record<string, unknown>,
    size: readonly [number, number],
    call: VideoProcessorOptions = {},
  ) {
    const { pixelValues } = await SmolVLMVideoProcessor.fromConfig(init).preprocess(video([...size, 3, 0]), call);
    const levels = Uint8Array.from(pixelValues.data, (value) => Math.round((value + 1) * 127.5));
    return `${createHash("sha256").update(levels).digest("hex").slice(0, 16)} / ${levels.reduce((sum, level) => sum + level, 0)}`;
  }

  it("have the hashes of the published configuration, with and without `size`", async () => {
    expect(await digest(official, [64, 48])).toBe("44b4b44d01657de1 / 308536294");
    expect(await digest(official, [640, 360])).toBe("200923379f60649e / 301134154");
    expect(await digest(withoutSize, [64, 48])).toBe("ffe04788bd70df7d / 308420894");
    expect(await digest(withoutSize, [640, 360])).toBe("ad537a484bde27fc / 301139529");
  });

  it("have the hashes of transformers 4", async () => {
    const call = { flavour: "transformers-5-bicubic", resample: Resample.LANCZOS } as const;
    expect(await digest(official, [64, 48], call)).toBe("61f7d13b52408674 / 308538301");
    expect(await digest(official, [640, 360], call)).toBe("c994f11e3ec9e869 / 301078646");
    expect(await digest(withoutSize, [64, 48], call)).toBe("f4e79a7a67cb5828 / 308517011");
    expect(await digest(withoutSize, [640, 360], call)).toBe("9b17529845c74355 / 301144265");
  });
});
