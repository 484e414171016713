/** The script of the test page: what browser tests call. It runs in a worker too. */
import { MediaError, type RawImage } from "@smolvlm/contracts";
import { resizeEngine } from "../resample/resize-pixels.js";
import { rgbPixels } from "../rgb-pixels.js";
import { cameraFrame, webImageDecoder, type WebImageDecoderOptions, type WebImageSource } from "../web/index.js";
import { columns, levels, specification, sumOf, synthetic } from "./specification.js";

/** A picture to decode, and how. */
export interface DecodeRequest extends WebImageDecoderOptions {
  readonly url?: string;
  readonly base64?: string;
  /** Whether the pixels themselves are wanted. */
  readonly pixels?: boolean;
  /** What the file is made into before it is decoded. */
  readonly as?: keyof typeof forms;
}

/** What became of it. */
export interface Decoded {
  readonly width?: number;
  readonly height?: number;
  readonly sha256?: string;
  readonly means?: readonly number[];
  /** In base64. */
  readonly pixels?: string;
  /** The message of the MediaError it was refused with. */
  readonly refused?: string;
}

async function sha256(bytes: Uint8Array | Uint8ClampedArray): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function fileOf({ url, base64 }: DecodeRequest): Promise<Blob> {
  if (base64 !== undefined) return new Blob([bytesOf(base64)]);
  const response = await fetch(url ?? "");
  if (!response.ok) throw new MediaError(url ?? "", `the test's server answered ${response.status}.`);
  return response.blob();
}

async function elementOf(file: Blob): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  await image.decode();
  return image;
}

function drawn(canvas: HTMLCanvasElement | OffscreenCanvas, bitmap: ImageBitmap): void {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0);
}

const bitmapOf = (file: Blob): Promise<ImageBitmap> => createImageBitmap(file, { colorSpaceConversion: "none" });

/** The forms in which a picture can be handed to the decoder. */
const forms = {
  blob: async (file: Blob) => file,
  file: async (file: Blob) => new File([file], "a picture.png"),
  bytes: async (file: Blob) => new Uint8Array(await file.arrayBuffer()),
  buffer: (file: Blob) => file.arrayBuffer(),
  blobUrl: async (file: Blob) => URL.createObjectURL(file),
  imageBitmap: bitmapOf,
  imageElement: elementOf,
  async imageData(file: Blob) {
    const bitmap = await bitmapOf(file);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    drawn(canvas, bitmap);
    return (canvas.getContext("2d") as OffscreenCanvasRenderingContext2D).getImageData(
      0,
      0,
      bitmap.width,
      bitmap.height,
    );
  },
  async canvas(file: Blob) {
    const canvas = document.createElement("canvas");
    drawn(canvas, await bitmapOf(file));
    return canvas;
  },
  async offscreenCanvas(file: Blob) {
    const canvas = new OffscreenCanvas(1, 1);
    drawn(canvas, await bitmapOf(file));
    return canvas;
  },
  videoFrame: async (file: Blob) => new VideoFrame(await bitmapOf(file), { timestamp: 0 }),
} satisfies Record<string, (file: Blob) => Promise<WebImageSource>>;

function base64Of(bytes: Uint8Array | Uint8ClampedArray): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

async function describe(decoded: RawImage, withPixels = false): Promise<Decoded> {
  const { width, height, data } = rgbPixels(decoded, true, "image");
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i++) sums[i % 3] = (sums[i % 3] as number) + (data[i] as number);
  const means = sums.map((sum) => sum / (width * height));
  return { width, height, sha256: await sha256(data), means, ...(withPixels && { pixels: base64Of(data) }) };
}

async function settle(decoding: Promise<RawImage>, withPixels = false): Promise<Decoded> {
  try {
    return await describe(await decoding, withPixels);
  } catch (error) {
    if (!MediaError.isInstance(error)) throw error;
    return { refused: error.message };
  }
}

async function decode({ as, url, base64, pixels, ...options }: DecodeRequest): Promise<Decoded> {
  const source =
    as === undefined
      ? (url ?? base64 ?? "")
      : await forms[as](await fileOf({ ...(url && { url }), ...(base64 !== undefined && { base64 }) }));
  return settle(webImageDecoder(options).decode(source), pixels);
}

/** Decodes one after the other, each from a Blob. */
async function decodeAll(requests: readonly DecodeRequest[]): Promise<readonly Decoded[]> {
  const results: Decoded[] = [];
  for (const request of requests) results.push(await decode({ as: "blob", ...request }));
  return results;
}

/** The hashes and sums of the specification's table, of stacks `from` up to and without `to`; and what resized. */
async function goldenHashes({ stacks }: { readonly stacks: number }) {
  const rows: (readonly string[])[] = [];
  for (const [width, height] of specification) {
    for (const doImageSplitting of [true, false]) {
      const row: string[] = [];
      for (const processor of columns.slice(0, stacks)) {
        const bytes = levels(processor.preprocess(synthetic(width, height), { doImageSplitting }));
        row.push(`${(await sha256(bytes)).slice(0, 16)} / ${sumOf(bytes)}`);
      }
      rows.push(row);
    }
  }
  return { engine: resizeEngine(), rows };
}

/** What becomes of a fetch that is aborted while its answer comes. */
async function abort({ url }: { readonly url: string }): Promise<string> {
  const controller = new AbortController();
  const decoding = webImageDecoder().decode(url, { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  return decoding.then(
    () => "decoded",
    (error: unknown) => (error as Error).name,
  );
}

/** The frame that a `<video>` shows. */
async function decodeVideoElement({ url }: { readonly url: string }) {
  const video = document.createElement("video");
  const early = await settle(webImageDecoder().decode(video));
  video.src = url;
  video.muted = true;
  await new Promise((resolve, reject) => {
    video.addEventListener("loadeddata", resolve);
    video.addEventListener("error", reject);
  });
  return { early, frame: await settle(webImageDecoder().decode(video)) };
}

/** A frame of the camera, twice in a row; then what is said of a camera that was closed. */
async function decodeCamera() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
  const [track] = stream.getVideoTracks();
  if (!track) return undefined;
  const decoder = webImageDecoder();
  const first = await settle(decoder.decode(track));
  const second = await settle(decoder.decode(track));
  const state = track.readyState;
  const element = Object.getOwnPropertyDescriptor(globalThis, "MediaStreamTrackProcessor");
  Reflect.deleteProperty(globalThis, "MediaStreamTrackProcessor");
  const byElement = await settle(decoder.decode(track));
  if (element) Object.defineProperty(globalThis, "MediaStreamTrackProcessor", element);
  track.stop();
  const ended = await cameraFrame(track).then(
    () => "a frame",
    (error: unknown) => (error as Error).message,
  );
  return { first, second, byElement, state, ended };
}

/** Decodes in a worker. */
async function decodeInWorker(requests: readonly DecodeRequest[]): Promise<readonly Decoded[]> {
  const worker = new Worker("/page.js", { type: "module" });
  try {
    const answer = new Promise<MessageEvent<readonly Decoded[]>>((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => reject(new MediaError("worker", event.message));
    });
    worker.postMessage(requests);
    return (await answer).data;
  } finally {
    worker.terminate();
  }
}

if ("document" in globalThis) {
  const smolvlmTest = { decode, decodeAll, goldenHashes, abort, decodeVideoElement, decodeCamera, decodeInWorker };
  Object.assign(globalThis, { smolvlmTest });
} else {
  addEventListener("message", (event: MessageEvent<readonly DecodeRequest[]>) => {
    void decodeAll(event.data).then((results) => postMessage(results));
  });
}
