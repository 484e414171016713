import { createReadStream, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { call, openBrowserPage, type BrowserPage } from "@smolvlm/tooling/browser-page";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SmolVLMVideoProcessor } from "../smolvlm-video-processor.js";
import type { OpenedVideo, OpenRequest } from "../testing/page.js";

const root = new URL("../../../../", import.meta.url);
const sharedData = new URL("../shared/data/", root);

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
// What PyAV reads to where it ends is no whole video.
const videos = Object.entries(goldens.videos).filter(([name]) => !name.includes("truncated"));

let opened: BrowserPage;
/** How many bytes of nothing follow a video that is to be large, and how many of it all were sent. */
const PADDING = 2 ** 26;
let sent = 0;
let lost = false;

/** Answers a request for a range of a file that ends in a box of zeros. */
function sendPadded(video: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const box = Buffer.alloc(8);
  box.writeUInt32BE(PADDING);
  box.write("free", 4);
  const size = video.length + PADDING;
  const start = Buffer.concat([video, box]);
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
  const [from, to] = [Number(first ?? NaN), last ? Number(last) : size - 1];
  response.writeHead(206, { "Content-Range": `bytes ${from}-${to}/${size}`, "Content-Length": to - from + 1 });
  const chunks = function* (): Generator<Buffer> {
    for (let at = from; at <= to;) {
      const chunk =
        at < start.length
          ? start.subarray(at, Math.min(to + 1, at + 65536))
          : Buffer.alloc(Math.min(65536, to + 1 - at));
      sent += chunk.length;
      at += chunk.length;
      yield chunk;
    }
  };
  const body = Readable.from(chunks());
  response.on("close", () => body.destroy());
  body.pipe(response);
}

function openPage(headers: Record<string, string> = {}): Promise<BrowserPage> {
  return openBrowserPage({
    entries: { page: fileURLToPath(new URL("../testing/page.ts", import.meta.url)) },
    headers,
    folders: { "/data/": fileURLToPath(sharedData), "/repository/": fileURLToPath(root) },
    args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
    respond(request, response) {
      const file = (name: string): string => fileURLToPath(new URL(`videos/${name}`, sharedData));
      if (request.url === "/no-parts.mp4") {
        createReadStream(file("sar_2x1.mp4")).pipe(response.writeHead(200));
        return true;
      }
      if (request.url === "/large.mp4") {
        sendPadded(readFileSync(file("video.mp4")), request, response);
        return true;
      }
      if (lost) request.socket.destroy();
      return lost;
    },
  });
}

beforeAll(async () => void (opened = await openPage()));
afterAll(() => opened[Symbol.asyncDispose]());

const open = (request: OpenRequest) => call<OpenedVideo>(opened.page, "open", request);
const video = (name: string): string => `/data/${name}`;

describe("videos in Chromium", () => {
  // Chromium has no decoder for HEVC without the system's.
  const isHevc = (name: string): boolean => /h265/.test(name);
  const eightBit = videos.filter(([name, { format }]) => !format.includes("10") && !isHevc(name));

  // A Matroska file that states no frame rate and whose frames are not evenly spaced: FFmpeg's guess is not the average.
  const isGuessed = (name: string): boolean => name === "videos/annex-b-avc.mkv";

  it.each(eightBit)("has PyAV's pixels: %s", async (name, golden) => {
    const { metadata, hashes } = await open({ url: video(name), indices: golden.indices, autoRotate: false });
    expect(hashes).toEqual(golden.sha256);
    const { total: totalNumFrames, width, height } = golden;
    expect(metadata).toMatchObject({ totalNumFrames, width, height, videoBackend: "mediabunny" });
    expect(metadata?.fps).toBe(isGuessed(name) ? 745 / 35.196 : golden.fps);
  });

  it.each(eightBit)("takes the frames that transformers takes: %s", async (name, { sampled }) => {
    const { metadata, all } = await open({ url: video(name), indices: sampled.indices, autoRotate: false });
    expect(all).toBe(sampled.sha256);
    if (isGuessed(name)) return;
    const processor = new SmolVLMVideoProcessor();
    expect(metadata && processor.sampleFrames(metadata, { numFrames: 4 })).toEqual(sampled.indices);
  });

  it.each(videos.filter(([name, golden]) => golden.upright_sha256 && !isHevc(name)))(
    "turns upright: %s",
    async (name, golden) => {
      const { hashes } = await open({ url: video(name), indices: golden.indices });
      expect(hashes).toEqual(golden.upright_sha256);
    },
  );

  it("cuts ten bits to eight", async () => {
    const { hashes, sizes } = await open({ url: video("videos/torchcodec_h264_10bits.mp4"), indices: [0, 29] });
    const { width, height } = goldens.videos["videos/torchcodec_h264_10bits.mp4"] as Golden;
    expect(new Set(hashes).size).toBe(2);
    expect(sizes?.[0]).toEqual([width, height]);
  });

  it("says which codec the browser lacks", async () => {
    const { refused } = await open({ url: video("videos/video-h265.mp4"), indices: [0] });
    expect(refused).toMatch(/does not decode the codec hevc.*convert it to MP4 with H\.264/);
  });

  it.each([
    ["derived_ftyp_then_zeros.mp4", /damaged/],
    ["derived_truncated60_moov_missing.mp4", /damaged/],
    ["derived_truncated40.webm", /ends too early: only \d+ frames, [\d.]+ of 5\.1 seconds|no frame of it can be read/],
    ["mediabunny_annex-b_truncated.mp4", /ends too early: only \d+ frames, [\d.]+ of 35\.2 seconds, can be read/],
  ])("refuses %s", async (name, message) => {
    for (const as of ["url", "blob"] as const) {
      expect((await open({ url: `/data/corrupt/${name}`, as, indices: [0] })).refused).toMatch(message);
    }
  });

  it("gives the readable part of a truncated video on request", async () => {
    const name = "corrupt/mediabunny_annex-b_truncated.mp4";
    const { metadata, hashes } = await open({ url: video(name), indices: [0], allowTruncated: true });
    expect(metadata?.totalNumFrames).toBeLessThan(745);
    expect(hashes).toEqual(goldens.videos[name]?.sha256.slice(0, 1));
  });

  it.each(["mdn_flower.mp4", "mdn_flower-fragmented.mp4"])("of %s, cut halfway, takes what there is", async (name) => {
    const cut = { url: video(`videos/${name}`), as: "half" } as const;
    const { refused } = await open({ ...cut, indices: [0] });
    expect(refused).toMatch(/ends too early: only \d+ frames, [23]\.\d( of [\d.]+)? seconds, can be read/);
    const { metadata, hashes } = await open({ ...cut, indices: [0, 20], allowTruncated: true });
    const last = (metadata?.totalNumFrames ?? 0) - 1;
    expect(last).toBeLessThan(120);
    expect((await open({ ...cut, indices: [last], allowTruncated: true })).hashes).toHaveLength(1);
    expect(hashes).toEqual((await open({ url: cut.url, indices: [0, 20] })).hashes);
  });

  it("reads of a large video on a server only the parts it needs", async () => {
    const golden = goldens.videos["videos/video.mp4"] as Golden;
    const { hashes } = await open({ url: "/large.mp4", indices: golden.indices });
    expect(hashes).toEqual(golden.sha256);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(PADDING / 2);
  });
});

describe("animations in Chromium", () => {
  it("are the frames that the reference was given", async () => {
    for (const name of ["video-one", "video-num-frames"]) {
      const file = new URL(`fixtures/cases/v2-gqa-fp32/${name}.json`, root);
      const { videos: clips } = JSON.parse(readFileSync(file, "utf8")) as {
        videos: { path: string; metadata: Record<string, number>; frames_indices: number[]; frames_sha256: string }[];
      };
      for (const { path, metadata, frames_indices, frames_sha256 } of clips) {
        const found = await open({ url: `/repository/fixtures/media/${path}`, indices: frames_indices });
        const { total_num_frames: totalNumFrames, fps, duration, width, height } = metadata;
        expect(found.metadata).toMatchObject({ totalNumFrames, fps, duration, width, height });
        expect(found.all).toBe(frames_sha256);
      }
    }
  });

  it("become the reference's pixels", async () => {
    const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), "utf8"));
    const { pixel_values_sha256 } = json("fixtures/cases/v2-gqa-fp32/video-one.json") as {
      pixel_values_sha256: string;
    };
    const { video_processor: config } = json("fixtures/checkpoints/v2-gqa-fp32/processor_config.json") as {
      video_processor: unknown;
    };
    const url = "/repository/fixtures/media/clips/ball-40x30.gif";
    expect(await call(opened.page, "prepare", { url, config })).toEqual({
      hash: pixel_values_sha256,
      timestamps: [0, 1.4, 2.9],
      duration: 3,
    });
  });

  it("have the rate of their delays, those that are too short counted as 100 ms", async () => {
    const webp = await open({ url: "/data/images/sharp/rotating-squares.webp", indices: [0, 8] });
    expect(webp.metadata).toMatchObject({ totalNumFrames: 9, fps: 10, duration: 0.9, videoBackend: "ImageDecoder" });
    const gif = await open({ url: "/data/images/pillow/dispose_prev.gif", indices: [4] });
    expect(gif.metadata).toMatchObject({ totalNumFrames: 5, fps: 50 / 41, duration: 4.1 });
  });

  it("that are damaged are refused", async () => {
    for (const name of ["libvips_truncated.gif", "pillow_zero_width.gif"]) {
      const { refused } = await open({ url: `/data/corrupt/${name}`, indices: [0] });
      expect(refused).toMatch(/truncated|damaged/);
    }
  });
});

describe("where a video may come from", () => {
  const [name, golden] = ["videos/sar_2x1.mp4", goldens.videos["videos/sar_2x1.mp4"] as Golden];

  it.each(["url", "wholeUrl", "blob", "file", "bytes", "buffer", "blobUrl", "videoElement"] as const)(
    "is %s",
    async (as) => {
      const { hashes } = await open({ url: video(name), as, indices: golden.indices });
      expect(hashes).toEqual(golden.sha256);
    },
  );

  it("is a server that sends no parts", async () => {
    const { hashes } = await open({ url: "/no-parts.mp4", indices: golden.indices });
    expect(hashes).toEqual(golden.sha256);
  });

  it("is a worker's", async () => {
    const request = { url: video(name), indices: golden.indices };
    expect((await call<OpenedVideo>(opened.page, "openInWorker", request)).hashes).toEqual(golden.sha256);
  });

  it("is a camera, watched for some seconds", async () => {
    interface Camera {
      readonly video: OpenedVideo;
      readonly byStream: OpenedVideo;
      readonly state: string;
      readonly ended: string;
    }
    const camera = await call<Camera>(opened.page, "camera");
    expect(camera.video.metadata).toMatchObject({ totalNumFrames: 6, fps: 4, duration: 1.5, videoBackend: "camera" });
    expect(camera.video.sizes).toEqual([[320, 240], [320, 240], [320, 240]]); // prettier-ignore
    expect(new Set(camera.video.hashes).size).toBe(3);
    expect(camera.byStream.sizes).toEqual([[320, 240]]);
    expect(camera.state).toBe("live");
    expect(camera.ended).toMatch(/ended after 1 of 2 frames, before 1\.5 seconds were over; open it again/);
  });

  it("is frames, in a list or as they come; each is closed", async () => {
    interface Frames {
      readonly results: readonly { readonly hash: string; readonly at: readonly number[] }[];
      readonly open: number;
    }
    const { results, open: left } = await call<Frames>(opened.page, "frames");
    expect(results).toHaveLength(3);
    expect(results[0]?.at).toEqual([0, 0.5, 1, 1.75]);
    expect(new Set(results.map(({ hash }) => hash)).size).toBe(1);
    expect(left).toBe(0);
  });

  it("is refused with a reason", async () => {
    const refuse = async (request: Partial<OpenRequest>) =>
      expect((await open({ url: video(name), indices: [0], ...request })).refused);
    (await refuse({ url: "/missing.mp4" })).toMatch(/the server answered 404; check the address/);
    (await refuse({ url: "http://127.0.0.1:1/a.mp4" })).toMatch(/could not be fetched/);
    (await refuse({ url: "file:///etc/hostname" })).toMatch(/give the File/);
    (await refuse({ url: "/no-parts.mp4", maxBytes: 100 })).toMatch(/larger than the limit of 100 bytes/);
    (await refuse({ as: "bytes", maxBytes: 100 })).toMatch(/bytes: is larger than the limit of 100 bytes/);
    (await refuse({ maxPixels: 100 })).toMatch(/has frames of \d+×\d+ pixels, more than the limit of 100/);
    (await refuse({ url: "/data/images/pillow/hopper.png" })).toMatch(/is a PNG picture, not a video/);
  });

  it("is given up at an abort, and can be read again", async () => {
    const { during, before, again } = await call<Record<string, unknown>>(opened.page, "abort", {
      url: video("videos/video.mp4"),
    });
    expect([during, before, again]).toEqual(["AbortError", "AbortError", [1920]]);
  });
});

describe("the golden hashes of the specification, §3.2, in Chromium", () => {
  const rows = [
    "44b4b44d01657de1 / 308536294",
    "200923379f60649e / 301134154",
    "ffe04788bd70df7d / 308420894",
    "ad537a484bde27fc / 301139529",
  ];

  it("in WebAssembly", async () => {
    expect(await call(opened.page, "goldenHashes")).toEqual({ engine: "webassembly", rows });
  }, 120_000);

  it("in TypeScript, where the page's policy forbids WebAssembly; so are a video's frames", async () => {
    await using strict = await openPage({ "Content-Security-Policy": "default-src 'self'" });
    expect(await call(strict.page, "goldenHashes")).toEqual({ engine: "typescript", rows });
    const golden = goldens.videos["videos/sar_2x1.mp4"] as Golden;
    const request = { url: video("videos/sar_2x1.mp4"), indices: golden.indices };
    expect((await call<OpenedVideo>(strict.page, "open", request)).hashes).toEqual(golden.sha256);
  }, 120_000);
});

it("says so when the connection is lost", async () => {
  lost = true;
  try {
    const { refused } = await open({ url: video("videos/video.mp4"), indices: [0] });
    expect(refused).toMatch(/could not be fetched: there is no connection/);
  } finally {
    lost = false;
  }
});
