import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SmolVLMVideoProcessor } from "../smolvlm-video-processor.js";
import { TruncatedVideoError } from "../truncated-video-error.js";
import { videoPreparer } from "../video-preparer.js";
import { nodeVideoDecoder } from "./node-video-decoder.js";
import type { VideoBackend } from "./open-file.js";

const root = new URL("../../../../", import.meta.url);
const data = new URL("../shared/data/", root);
const file = (name: string): string => fileURLToPath(new URL(name, data));
const video = (name: string): string => file(`videos/${name}`);
const corrupt = (name: string): string => file(`corrupt/${name}`);
const clip = fileURLToPath(new URL("packages/nano/examples/clip.gif", root));
const ball = fileURLToPath(new URL("fixtures/media/clips/ball-40x30.gif", root));

interface Golden {
  readonly total: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly indices: number[];
  readonly sha256: string[];
  readonly upright_sha256?: string[];
  /** What transformers takes of it, at most 4 frames; one hash of all. */
  readonly sampled: { readonly indices: number[]; readonly sha256: string };
}
const goldens = JSON.parse(readFileSync(new URL("../../goldens/videos.json", import.meta.url), "utf8")) as {
  readonly videos: Record<string, Golden>;
};

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function open(path: string, indices: readonly number[], options: Parameters<typeof nodeVideoDecoder>[0] = {}) {
  const source = await nodeVideoDecoder(options).open(path);
  try {
    const hashes: string[] = [];
    for await (const frame of source.frames(indices)) hashes.push(sha256(Uint8Array.from(frame.data)));
    return { metadata: source.metadata, hashes };
  } finally {
    await source[Symbol.asyncDispose]?.();
  }
}

// @mediabunny/server is a development dependency; ffmpeg is tested where the machine has it.
const backends: VideoBackend[] = ["mediabunny"];
if (spawnSync(process.env["FFMPEG_PATH"] ?? "ffmpeg", ["-version"]).status === 0) backends.push("ffmpeg");

describe.each(backends)("videos by %s", (backend) => {
  const folder = mkdtempSync(join(tmpdir(), "smolvlm-videos-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  // What PyAV reads to where it ends is no whole video.
  const whole = Object.entries(goldens.videos).filter(([name]) => !name.includes("truncated"));
  // A Matroska file that states no frame rate and whose frames are not evenly spaced: FFmpeg's guess is not the average.
  const isGuessed = (name: string): boolean => backend === "mediabunny" && name === "videos/annex-b-avc.mkv";
  const eightBit = whole.filter(([, { format }]) => !format.includes("10"));

  it.each(eightBit)("has PyAV's pixels: %s", async (name, golden) => {
    const { metadata, hashes } = await open(file(name), golden.indices, { backend, autoRotate: false });
    expect(hashes).toEqual(golden.sha256);
    expect(metadata.fps).toBe(isGuessed(name) ? 745 / 35.196 : golden.fps);
    expect(metadata).toMatchObject({ totalNumFrames: golden.total, width: golden.width, height: golden.height });
    expect(metadata.duration).toBeCloseTo(golden.total / (metadata.fps ?? 0), 9);
  });

  it.each(eightBit)("takes the frames that transformers takes: %s", async (name, { sampled }) => {
    const source = await nodeVideoDecoder({ backend, autoRotate: false }).open(file(name));
    const own = new SmolVLMVideoProcessor().sampleFrames(source.metadata, { numFrames: 4 });
    const indices = isGuessed(name) ? sampled.indices : own;
    const hash = createHash("sha256");
    for await (const frame of source.frames(indices)) hash.update(frame.data);
    await source[Symbol.asyncDispose]?.();
    expect({ indices, sha256: hash.digest("hex") }).toEqual(sampled);
  });

  it.each(Object.entries(goldens.videos).filter(([, golden]) => golden.upright_sha256))(
    "turns upright: %s",
    async (name, golden) => {
      const { hashes } = await open(file(name), golden.indices, { backend });
      expect(hashes).toEqual(golden.upright_sha256);
    },
  );

  it.each(Object.keys(goldens.videos).filter((name) => name.includes("10bits")))("reads ten bits: %s", async (name) => {
    const { hashes } = await open(file(name), [0, 29], { backend });
    expect(new Set(hashes).size).toBe(2);
  });

  it.each([
    ["derived_ftyp_then_zeros.mp4", /damaged, truncated/],
    ["derived_truncated60_moov_missing.mp4", /damaged, truncated/],
    ["derived_truncated40.webm", /ends too early: only 56 frames, 1\.8 of 5\.1 seconds|no frame of it can be read/],
    ["mediabunny_annex-b_truncated.mp4", /ends too early: only [56] frames, 0\.\d of 35\.2 seconds, can be read/],
  ])("refuses %s", async (name, message) => {
    const processor = new SmolVLMVideoProcessor({ maxImageSize: { longestEdge: 8 }, size: { longestEdge: 8 } });
    const prepare = videoPreparer(processor, nodeVideoDecoder({ backend }));
    await expect(prepare(corrupt(name))).rejects.toThrow(message);
  });

  it("gives the readable part of a truncated video on request", async () => {
    const { total, sampled } = goldens.videos["corrupt/mediabunny_annex-b_truncated.mp4"] as Golden;
    const path = corrupt("mediabunny_annex-b_truncated.mp4");
    const { metadata, hashes } = await open(path, sampled.indices, { backend, allowTruncated: true });
    // The last packet is cut: FFmpeg takes what there is of it, mediabunny does without.
    const readable = backend === "ffmpeg" ? total : total - 1;
    expect([metadata.totalNumFrames, hashes]).toEqual([readable, [sampled.sha256]]);
    expect((await open(path, [readable - 1], { backend, allowTruncated: true })).hashes.length).toBe(1);
  });

  // Fragments end with tables of their own: what says how long the whole is may be in none of those that are there.
  it.each(["mdn_flower.mp4", "mdn_flower-fragmented.mp4"])("of %s, cut halfway, takes what there is", async (name) => {
    const path = join(folder, name);
    const bytes = readFileSync(video(name));
    writeFileSync(path, bytes.subarray(0, bytes.length >> 1));
    const refused: unknown = await open(path, [0], { backend }).catch((error: unknown) => error);
    expect(TruncatedVideoError.isInstance(refused)).toBe(true);
    expect((refused as Error).message).toMatch(
      /ends too early: only \d+ frames, [23]\.\d( of [\d.]+)? seconds, can be read/,
    );
    const { metadata } = await open(path, [], { backend, allowTruncated: true });
    const readable = metadata.totalNumFrames;
    expect(metadata.duration).toBeCloseTo(readable / (metadata.fps ?? 0), 9);
    const { hashes } = await open(path, [0, 20, readable - 1], { backend, allowTruncated: true });
    expect(hashes).toHaveLength(3);
    const whole = await open(video(name), [0, 20], { backend });
    expect(whole.metadata.totalNumFrames).toBe(150);
    expect(readable).toBeLessThan(120);
    expect(hashes.slice(0, 2)).toEqual(whole.hashes);
  });

  it("stops at an abort", async () => {
    const source = await nodeVideoDecoder({ backend }).open(video("video.mp4"));
    const stop = new AbortController();
    const frames = source.frames([0, 100, 120], { signal: stop.signal })[Symbol.asyncIterator]();
    await frames.next();
    stop.abort();
    await expect(frames.next()).rejects.toThrow(/abort/i);
    await source[Symbol.asyncDispose]?.();
  });
});

describe.each(backends)("an abort, with %s,", (backend) => {
  const folder = mkdtempSync(join(tmpdir(), "smolvlm-abort-"));
  const temporary = process.env["TMPDIR"];
  beforeAll(() => void (process.env["TMPDIR"] = folder));
  afterAll(() => {
    if (temporary === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = temporary;
    rmSync(folder, { recursive: true });
  });
  const noProcess = () =>
    vi.waitFor(() => expect(process.getActiveResourcesInfo()).not.toContain("ProcessWrap"), 20_000);

  it("leaves no process and no file behind", async () => {
    await noProcess();
    const stop = new AbortController();
    const bytes = new Blob([readFileSync(video("sar_2x1.mp4"))]);
    const prepare = videoPreparer(new SmolVLMVideoProcessor(), nodeVideoDecoder({ backend }));
    const stream = await prepare(bytes, { stream: true, signal: stop.signal, videoOptions: { fps: 10 } });
    if (!("frames" in stream)) return expect.unreachable();
    const frames = stream.frames[Symbol.asyncIterator]();
    await frames.next();
    expect(readdirSync(folder).length).toBe(1);
    stop.abort();
    await expect(frames.next()).rejects.toThrow(/abort/i);
    await stream[Symbol.asyncDispose]();
    expect(readdirSync(folder)).toEqual([]);
    await noProcess();
  });
});

describe("ffmpeg", () => {
  it("is asked for, with the way to get it, where there is no decoder", async () => {
    const decoder = nodeVideoDecoder({ backend: "ffmpeg", ffmpegPath: "/nowhere/ffmpeg" });
    await expect(decoder.open(video("sar_2x1.mp4"))).rejects.toThrow(
      /needs a decoder\. Install ffmpeg .*npm install mediabunny/,
    );
  });

  if (backends.includes("ffmpeg")) {
    it("gives the readable part of a truncated WebM on request", async () => {
      const { metadata, hashes } = await open(corrupt("derived_truncated40.webm"), [0, 55], {
        backend: "ffmpeg",
        allowTruncated: true,
      });
      expect(metadata.totalNumFrames).toBe(56);
      expect(hashes.length).toBe(2);
    });

    it("gives ten bits as its command line does", async () => {
      const path = video("torchcodec_h264_10bits.mp4");
      const args = ["-v", "error", "-i", path, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"];
      const expected = spawnSync("ffmpeg", args, { maxBuffer: 2 ** 26 }).stdout;
      expect((await open(path, [0], { backend: "ffmpeg" })).hashes).toEqual([sha256(expected)]);
    });

    it("finds frames from key frames on as from the start", async () => {
      const path = video("candle_long_586s_1120x90.mp4");
      const far = await open(path, [13_000, 14_063], { backend: "ffmpeg" });
      expect((await open(path, [13_000, 14_063], { backend: "mediabunny" })).hashes).toEqual(far.hashes);
    });
  }
});

describe("animations", () => {
  it("are the frames that the reference was given", async () => {
    for (const name of ["video-one", "video-num-frames"]) {
      const { videos } = JSON.parse(readFileSync(new URL(`fixtures/cases/v2-gqa-fp32/${name}.json`, root), "utf8")) as {
        videos: { path: string; metadata: Record<string, number>; frames_indices: number[]; frames_sha256: string }[];
      };
      for (const { path, metadata, frames_indices, frames_sha256 } of videos) {
        const source = await nodeVideoDecoder().open(fileURLToPath(new URL(`fixtures/media/${path}`, root)));
        const { total_num_frames: totalNumFrames, fps, duration, width, height } = metadata;
        expect(source.metadata).toMatchObject({ totalNumFrames, fps, duration, width, height });
        const hash = createHash("sha256");
        for await (const frame of source.frames(frames_indices)) hash.update(frame.data);
        expect(hash.digest("hex")).toBe(frames_sha256);
      }
    }
  });

  it("become the reference's pixels", async () => {
    const { pixel_values_sha256 } = JSON.parse(
      readFileSync(new URL("fixtures/cases/v2-gqa-fp32/video-one.json", root), "utf8"),
    ) as { pixel_values_sha256: string };
    const file = new URL("fixtures/checkpoints/v2-gqa-fp32/processor_config.json", root);
    const { video_processor } = JSON.parse(readFileSync(file, "utf8")) as { video_processor: unknown };
    const processor = SmolVLMVideoProcessor.fromConfig(video_processor);
    const prepared = await videoPreparer(processor, nodeVideoDecoder())(ball);
    if (!("pixelValues" in prepared)) return expect.unreachable();
    expect(sha256(new Uint8Array(prepared.pixelValues.data.buffer))).toBe(pixel_values_sha256);
    expect([prepared.timestamps, prepared.duration]).toEqual([[0, 1.4, 2.9], 3]);
  });

  it("need nothing but sharp", async () => {
    const { metadata, hashes } = await open(clip, [0, 3, 7], { backend: "ffmpeg", ffmpegPath: "/nowhere/ffmpeg" });
    expect(metadata).toMatchObject({
      totalNumFrames: 8,
      fps: 2,
      duration: 4,
      width: 256,
      height: 256,
      videoBackend: "sharp",
    });
    expect(new Set(hashes).size).toBe(3);
  });

  it("have the rate of their delays, those that are too short counted as 100 ms", async () => {
    const webp = await open(fileURLToPath(new URL("images/sharp/rotating-squares.webp", data)), [0, 8]);
    expect(webp.metadata).toMatchObject({ totalNumFrames: 9, fps: 10, duration: 0.9 });
    const gif = await open(fileURLToPath(new URL("images/pillow/dispose_prev.gif", data)), [4]);
    expect(gif.metadata).toMatchObject({ totalNumFrames: 5, fps: 50 / 41, duration: 4.1 });
  });

  it.each(["libvips_truncated.gif", "libvips_invalid_multiframe.gif", "pillow_zero_width.gif"])(
    "that are damaged are refused: %s",
    async (name) => {
      await expect(nodeVideoDecoder().open(corrupt(name))).rejects.toThrow(
        /cannot be read as GIF \(.*\); the file is damaged\.$/,
      );
    },
  );
});

describe("sources", () => {
  const bytes = readFileSync(ball);
  const server = createServer((request, response) => {
    if (request.url === "/moved") return response.writeHead(302, { location: "/clip" }).end();
    if (request.url === "/clip") return response.end(bytes);
    response.writeHead(404).end();
  });
  let origin = "";
  const folder = mkdtempSync(join(tmpdir(), "smolvlm-test-"));

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    origin = typeof address === "object" ? `http://127.0.0.1:${address?.port ?? 0}` : "";
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const temporary = (): number => readdirSync(tmpdir()).filter((name) => name.startsWith("smolvlm-video-")).length;

  it("are paths, URLs, bytes and Blobs, and leave nothing behind", async () => {
    const before = temporary();
    const named = join(folder, "a % name|with=signs.gif");
    copyFileSync(ball, named);
    const files = [
      ball,
      named,
      pathToFileURL(named),
      `${origin}/moved`,
      new URL(`${origin}/clip`),
      Uint8Array.from(bytes),
      new Blob([bytes]),
    ];
    for (const file of [...files, Uint8Array.from(bytes).buffer]) {
      const source = await nodeVideoDecoder().open(file);
      expect(source.metadata.totalNumFrames).toBe(30);
      await source[Symbol.asyncDispose]?.();
    }
    expect(temporary()).toBe(before);
  });

  it("are refused with a reason", async () => {
    const refuse = (file: string | URL, options = {}) => expect(nodeVideoDecoder(options).open(file)).rejects;
    await refuse("nowhere.mp4").toThrow("nowhere.mp4: there is no such file. Give a path");
    await refuse(`${origin}/missing`).toThrow("the server answered 404");
    await refuse(`${origin}/clip`, { maxBytes: 100 }).toThrow("is larger than the limit of 100 bytes");
    await refuse(`${origin}/moved`, { allowUrl: (url: URL) => url.pathname !== "/clip" }).toThrow(
      "allowUrl refused it",
    );
    await refuse(new URL("ftp://example.org/a.mp4")).toThrow("ftp: URLs are not read");
    await refuse(fileURLToPath(new URL("packages/nano/examples/scene.png", root))).toThrow(
      "is a PNG picture, not a video",
    );
    await refuse(ball, { maxPixels: 1000 }).toThrow("has frames of 40×30 pixels, more than the limit of 1000");
    await refuse(fileURLToPath(root)).toThrow("is not a file");
  });
});
