import type { RawImage } from "@smolvlm/contracts";
import { describe, expect, it } from "vitest";
import { frameIndicesAt } from "./sample-frame-indices.js";
import { SmolVLMVideoProcessor } from "./smolvlm-video-processor.js";
import type { VideoFrameSource } from "./video-frame-source.js";
import { videoPreparer } from "./video-preparer.js";

const processor = new SmolVLMVideoProcessor({ size: { longestEdge: 24 }, maxImageSize: { longestEdge: 16 } });

function frame(level: number, width = 12, height = 8, channels = 3): RawImage {
  return { width, height, data: Uint8Array.from({ length: width * height * channels }, (_, i) => level * 7 + i) };
}
const frames = (count: number): RawImage[] => Array.from({ length: count }, (_, i) => frame(i));

/** A source that counts the frames which are alive: asked for, and not yet followed by the next. */
function countingSource(count: number, fps: number) {
  const asked: number[] = [];
  const source: VideoFrameSource = {
    media: "test",
    metadata: { totalNumFrames: count, fps, duration: count / fps },
    async *frames(indices) {
      for (const index of indices) {
        asked.push(index);
        yield frame(index);
      }
    },
  };
  return { asked, source };
}

describe("choosing frames", () => {
  it("takes the reference's, or those at given times", async () => {
    const { source, asked } = countingSource(300, 30);
    const prepared = await processor.prepare(source);
    expect(prepared.frameIndices).toEqual([0, 33, 66, 99, 132, 166, 199, 232, 265, 299]);
    expect(asked).toEqual(prepared.frameIndices);
    expect(prepared.timestamps).toEqual(prepared.frameIndices.map((index) => index / 30));
    expect(prepared.pixelValues.dims).toEqual([10, 3, 16, 16]);
    const timed = await processor.prepare(source, { timestamps: [9, 0.5, 100, 0.51] });
    expect(timed.frameIndices).toEqual([15, 270, 299]);
    expect((await processor.prepare(source, { fps: 2, numFrames: 3 })).frameIndices).toEqual([30, 150, 270]);
    expect((await processor.prepare(source, { fps: 2, numFrames: 3, skipSecs: 0 })).frameIndices).toEqual([
      0, 149, 299,
    ]);
    expect((await processor.prepare(source, { doSampleFrames: false })).frameIndices.length).toBe(300);
  });

  it("gives back each index for its own time", () => {
    for (const fps of [10, 25, 29.97, 30000 / 1001, 59.94, 100]) {
      const indices = Array.from({ length: 1000 }, (_, i) => i);
      expect(
        frameIndicesAt(
          indices.map((i) => i / fps),
          { totalNumFrames: 1000, fps },
        ),
      ).toEqual(indices);
    }
  });

  it("needs a rate only when frames are chosen", async () => {
    await expect(processor.prepare(frames(4))).rejects.toThrow(/fps: expected the video's frames a second/);
    const all = await processor.prepare(frames(4), { doSampleFrames: false });
    expect([all.timestamps, all.duration]).toEqual([[0, 1 / 24, 2 / 24, 3 / 24], undefined]);
  });
});

describe("frames", () => {
  it("are made ready one by one", async () => {
    const { source, asked } = countingSource(90, 30);
    const stream = await processor.stream(source);
    const seen: number[] = [];
    for await (const values of stream.frames) {
      expect(values.dims).toEqual([3, 16, 16]);
      seen.push(asked.length);
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  it("may be any iterable", async () => {
    const list = frames(8);
    const expected = await processor.prepare({ frames: list, fps: 4 });
    async function* generate() {
      yield* list;
    }
    expect(await processor.prepare({ frames: generate(), fps: 4 })).toEqual(expected);
    const counted = await processor.prepare({ frames: generate(), fps: 4, totalNumFrames: 8 });
    expect(counted.pixelValues).toEqual(expected.pixelValues);
    await expect(processor.prepare({ frames: generate(), fps: 4, totalNumFrames: 9 })).rejects.toThrow(
      /only 8 frames; frame 8 was wanted/,
    );
    await expect(processor.prepare({ frames: [], fps: 4 })).rejects.toThrow(/at least one frame/);
  });

  it("show white where they are transparent", async () => {
    const rgba = frame(3, 4, 4, 4);
    const opaque = { ...rgba, data: rgba.data.map((value, i) => (i % 4 === 3 ? 255 : value)) };
    const clear = { ...rgba, data: rgba.data.map((value, i) => (i % 4 === 3 ? 0 : value)) };
    const all = { doSampleFrames: false } as const;
    const rgb = { ...rgba, data: opaque.data.filter((_, i) => i % 4 !== 3) };
    expect((await processor.prepare([opaque], all)).pixelValues).toEqual(
      (await processor.prepare([rgb], all)).pixelValues,
    );
    expect((await processor.prepare([clear], all)).pixelValues.data.every((value) => value === 1)).toBe(true);
  });

  it("are not enlarged first with upsample: false", async () => {
    const all = { doSampleFrames: false } as const;
    const once = await processor.prepare([frame(1)], { ...all, upsample: false });
    expect(once.pixelValues).not.toEqual((await processor.prepare([frame(1)], all)).pixelValues);
    const exact = await processor.prepare([frame(1)], { ...all, size: { width: 12, height: 8 } });
    expect(once.pixelValues).toEqual(exact.pixelValues);
    const large = [frame(1, 48, 30)];
    expect(await processor.prepare(large, { ...all, upsample: false })).toEqual(await processor.prepare(large, all));
  });

  it("of one video need one size only without resizing", async () => {
    const mixed = [frame(1), frame(2, 8, 12)];
    expect((await processor.preprocess([mixed])).pixelValues.dims).toEqual([1, 2, 3, 16, 16]);
    await expect(processor.preprocess([mixed], { doResize: false })).rejects.toThrow(
      /one size \(12×8\), or doResize: true, found 8×12/,
    );
  });
});

describe("options", () => {
  it.each([
    [{ numFrames: 0 }, "numFrames: expected a whole number from 1"],
    [{ fps: 0 }, "fps: expected frames a second, above 0"],
    [{ skipSecs: -1 }, "skipSecs: expected seconds from 0"],
    [{ num_frames: 3 }, "num_frames: expected names in camelCase"],
    [{ size: { longestEdge: 0 } }, "size.longestEdge: expected a whole number"],
    [{ flavour: "x" }, "flavour: expected transformers-5"],
  ])("are checked: %o", (options, message) => {
    expect(() => new SmolVLMVideoProcessor(options as object)).toThrow(message);
  });
});

describe("videoPreparer", () => {
  it("takes files through the decoder and disposes of them, frames without it", async () => {
    const { source } = countingSource(60, 30);
    let disposed = 0;
    const decoder = { open: async () => ({ ...source, [Symbol.asyncDispose]: async () => void disposed++ }) };
    const prepare = videoPreparer(processor, decoder, { numFrames: 2 });
    expect((await prepare("a.mp4")).frameIndices).toEqual([0, 59]);
    expect((await prepare(Uint8Array.of(1), { videoOptions: { numFrames: 1 } })).frameIndices).toEqual([0]);
    expect(disposed).toBe(2);
    expect((await prepare({ frames: frames(4), fps: 2 })).frameIndices).toEqual([0, 3]);
    await expect(prepare(7)).rejects.toThrow(
      /video: expected a path, a URL, bytes, a Blob, frames or \{ frames, fps \}, found number/,
    );
    await expect(videoPreparer(processor)("a.mp4")).rejects.toThrow(/decoder: expected a VideoDecoder/);
  });

  it("gives frames one by one on request, and closes the video when that is disposed", async () => {
    const { source, asked } = countingSource(60, 30);
    let disposed = 0;
    const decoder = { open: async () => ({ ...source, [Symbol.asyncDispose]: async () => void disposed++ }) };
    const video = await videoPreparer(processor, decoder)("a.mp4", { stream: true });
    if (!("frames" in video)) return expect.unreachable();
    expect([video.frameIndices, asked, disposed]).toEqual([[0, 59], [], 0]);
    for await (const frame of video.frames) expect(frame.dims).toEqual([3, 16, 16]);
    await video[Symbol.asyncDispose]();
    expect([asked, disposed]).toEqual([[0, 59], 1]);
  });

  it("stops at an abort", async () => {
    const { source } = countingSource(600, 30);
    const stop = new AbortController();
    const promise = videoPreparer(processor)(source, { signal: stop.signal });
    stop.abort();
    await expect(promise).rejects.toThrow(/abort/i);
  });
});
