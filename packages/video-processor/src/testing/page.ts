/** The script of the test page: what browser tests call. It runs in a worker too. */
import { MediaError, type RawImage } from "@smolvlm/contracts";
import { resizeEngine } from "@smolvlm/image-processor";
import { SmolVLMVideoProcessor } from "../smolvlm-video-processor.js";
import type { VideoFrameSource, VideoMetadata } from "../video-frame-source.js";
import { videoPreparer } from "../video-preparer.js";
import { webVideoDecoder, type WebVideoDecoderOptions, type WebVideoSource } from "../web/index.js";
import { syntheticFrame } from "./synthetic-frame.js";

/** A video to open, and what to read of it. */
export interface OpenRequest extends WebVideoDecoderOptions {
  readonly url: string;
  readonly indices: readonly number[];
  /** What the URL is made into before it is opened. */
  readonly as?: keyof typeof forms;
}

/** What became of it. */
export interface OpenedVideo {
  readonly metadata?: VideoMetadata;
  /** SHA-256 of each frame's pixels. */
  readonly hashes?: readonly string[];
  readonly sizes?: readonly (readonly [width: number, height: number])[];
  /** SHA-256 of all frames' pixels as one. */
  readonly all?: string;
  /** The message of the MediaError it was refused with. */
  readonly refused?: string;
}

async function sha256(bytes: Uint8Array | Uint8ClampedArray | Float32Array): Promise<string> {
  const copy = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
  const digest = await crypto.subtle.digest("SHA-256", copy);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const fetchBlob = async (url: string): Promise<Blob> => (await fetch(url)).blob();

/** The forms in which a video's file can be handed to the decoder. */
const forms = {
  url: async (url: string) => url,
  wholeUrl: async (url: string) => new URL(url, location.href),
  blob: fetchBlob,
  /** What a download that broke off has left of it. */
  async half(url: string) {
    const blob = await fetchBlob(url);
    return blob.slice(0, blob.size >> 1);
  },
  file: async (url: string) => new File([await fetchBlob(url)], "a clip"),
  bytes: async (url: string) => new Uint8Array(await (await fetchBlob(url)).arrayBuffer()),
  buffer: async (url: string) => (await fetchBlob(url)).arrayBuffer(),
  blobUrl: async (url: string) => URL.createObjectURL(await fetchBlob(url)),
  async videoElement(url: string) {
    const video = document.createElement("video");
    video.src = url;
    return video;
  },
} satisfies Record<string, (url: string) => Promise<WebVideoSource>>;

async function read(source: VideoFrameSource, indices: readonly number[]): Promise<OpenedVideo> {
  try {
    const frames: RawImage[] = [];
    for await (const frame of source.frames(indices)) frames.push(frame);
    const all = new Uint8Array(await new Blob(frames.map(({ data }) => data.slice())).arrayBuffer());
    return {
      metadata: source.metadata,
      hashes: await Promise.all(frames.map(({ data }) => sha256(data))),
      sizes: frames.map(({ width, height }) => [width, height] as const),
      all: await sha256(all),
    };
  } finally {
    await source[Symbol.asyncDispose]?.();
  }
}

async function open({ url, as = "url", indices, ...options }: OpenRequest): Promise<OpenedVideo> {
  try {
    return await read(await webVideoDecoder(options).open(await forms[as](url)), indices);
  } catch (error) {
    if (!MediaError.isInstance(error)) throw error;
    return { refused: error.message };
  }
}

/** The specification's table, §3.2: hashes and sums of levels for two sizes, with and without `size`; and what resized. */
async function goldenHashes() {
  const official = { size: { longest_edge: 2048 }, max_image_size: { longest_edge: 512 } };
  const withoutSize = {
    max_image_size: official.max_image_size,
    video_sampling: { video_size: { longest_edge: 512 } },
  };
  const rows: string[] = [];
  for (const init of [official, withoutSize]) {
    for (const [width, height] of [[64, 48], [640, 360]] as const) {
      const frames = [0, 1, 2].map((t) => syntheticFrame(width, height, t));
      const { pixelValues } = await SmolVLMVideoProcessor.fromConfig(init).preprocess([frames]);
      const levels = Uint8Array.from(pixelValues.data, (value) => Math.round((value + 1) * 127.5));
      const sum = levels.reduce((total, level) => total + level, 0);
      rows.push(`${(await sha256(levels)).slice(0, 16)} / ${sum}`);
    }
  } // prettier-ignore
  return { engine: resizeEngine(), rows };
}

/** What the processor makes of a video: the hash of its pixel values, and when its frames are. */
async function prepare({ url, config }: { readonly url: string; readonly config: unknown }) {
  const processor = SmolVLMVideoProcessor.fromConfig(config);
  const prepared = await videoPreparer(processor, webVideoDecoder())(url);
  if (!("pixelValues" in prepared)) return undefined;
  const { timestamps, duration, pixelValues } = prepared;
  return { hash: await sha256(pixelValues.data), timestamps, duration };
}

/** A camera: two seconds of it, what stays of it, and what is said when it ends halfway. */
async function camera() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
  const [track] = stream.getVideoTracks();
  if (!track) return undefined;
  const decoder = webVideoDecoder({ captureSeconds: 1.5, captureFps: 4 });
  const video = await read(await decoder.open(track), [0, 2, 5]);
  const byStream = await read(await decoder.open(stream), [0]);
  const state = track.readyState;
  const source = await decoder.open(track);
  setTimeout(() => track.stop(), 300);
  const ended = await read(source, [0, 5]).then(
    () => "read",
    (error: unknown) => (error as Error).message,
  );
  return { video, byStream, state, ended };
}

/** Frames that the page has: a list and a generator of `VideoFrame`s, and how many of those were left open. */
async function frames() {
  const made: VideoFrame[] = [];
  const make = (t: number): VideoFrame => {
    const canvas = new OffscreenCanvas(40, 30);
    const context = canvas.getContext("2d");
    if (context) {
      context.fillStyle = `rgb(${t * 20}, 100, 50)`;
      context.fillRect(0, 0, 40, 30);
    }
    const frame = new VideoFrame(canvas, { timestamp: t });
    made.push(frame);
    return frame;
  };
  async function* generate(): AsyncGenerator<VideoFrame> {
    for (let t = 0; t < 8; t++) yield make(t);
  }
  const processor = new SmolVLMVideoProcessor({ maxImageSize: { longestEdge: 8 }, size: { longestEdge: 8 } });
  const prepareVideo = videoPreparer(processor, webVideoDecoder());
  const options = { videoOptions: { fps: 2, numFrames: 4, skipSecs: 0 } };
  const results = [];
  for (const source of [
    { frames: [0, 1, 2, 3, 4, 5, 6, 7].map(make), fps: 4 },
    { frames: generate(), fps: 4 },
    { frames: generate(), fps: 4, totalNumFrames: 8 },
  ]) {
    const prepared = await prepareVideo(source, options);
    if ("pixelValues" in prepared)
      results.push({ hash: await sha256(prepared.pixelValues.data), at: prepared.timestamps });
  }
  // A closed frame has no format.
  return { results, open: made.filter(({ format }) => format !== null).length };
}

/** The name of the error that an abort after the first frame ends in, and that of one before opening. */
async function abort({ url }: { readonly url: string }) {
  const nameOf = (error: unknown): string => (error as Error).name;
  const stop = new AbortController();
  const source = await webVideoDecoder().open(url);
  const iterator = source.frames([0, 100, 120], { signal: stop.signal })[Symbol.asyncIterator]();
  await iterator.next();
  const next = iterator.next().catch(nameOf);
  stop.abort();
  const during = await next;
  const again: unknown[] = [];
  for await (const { width } of source.frames([0])) again.push(width);
  await source[Symbol.asyncDispose]?.();
  const before = await webVideoDecoder().open(url, { signal: stop.signal }).catch(nameOf);
  return { during, before, again };
}

/** Opens in a worker. */
async function openInWorker(request: OpenRequest): Promise<OpenedVideo> {
  const worker = new Worker("/page.js", { type: "module" });
  try {
    const answer = new Promise<MessageEvent<OpenedVideo>>((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => reject(new MediaError("worker", event.message));
    });
    worker.postMessage(request);
    return (await answer).data;
  } finally {
    worker.terminate();
  }
}

if ("document" in globalThis) {
  const smolvlmTest = { open, goldenHashes, prepare, camera, frames, abort, openInWorker };
  Object.assign(globalThis, { smolvlmTest });
} else {
  addEventListener("message", (event: MessageEvent<OpenRequest>) => {
    void open(event.data).then((opened) => postMessage(opened));
  });
}
