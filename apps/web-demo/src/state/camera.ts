import { effect, signal } from "@preact/signals";
import { isAbort, problemOf, type Problem } from "../lib/problem.js";
import { sceneChanged, sceneSignature, SIGNATURE_SIDE } from "../lib/scene-change.js";
import { answering } from "./chat.js";
import { readyModel } from "./model.js";

/** Captions are short: the scene goes on. */
const MAX_CAPTION_TOKENS = 48;
/** How often an unchanged scene is looked at, milliseconds. */
const LOOK_EVERY = 250;

/** The camera of this page. */
export type CameraState =
  | { readonly kind: "off" }
  | { readonly kind: "starting" }
  | { readonly kind: "on"; readonly stream: MediaStream; readonly several: boolean }
  | { readonly kind: "failed"; readonly problem: Problem };

/** What live captions are at. */
export interface Live {
  readonly caption: string;
  /** Whether the scene is as it was captioned, so that nothing is computed. */
  readonly still: boolean;
  /** Captions made. */
  readonly count: number;
  readonly problem?: Problem | undefined;
}

/** The camera. */
export const camera = signal<CameraState>({ kind: "off" });
/** Live captions, while they run. */
export const live = signal<Live | undefined>(undefined);

let facing: "environment" | "user" = "environment";
let captions: AbortController | undefined;

/** Opens the camera, the one at the back where there are two. */
export async function openCamera(): Promise<void> {
  closeCamera();
  camera.value = { kind: "starting" };
  try {
    const video = { facingMode: { ideal: facing }, width: { ideal: 1280 }, height: { ideal: 720 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video });
    const devices = await navigator.mediaDevices.enumerateDevices();
    const several = devices.filter(({ kind }) => kind === "videoinput").length > 1;
    camera.value = { kind: "on", stream, several };
  } catch (error) {
    camera.value = { kind: "failed", problem: problemOf(error) };
  }
}

/** Takes the other camera. */
export function switchCamera(): Promise<void> {
  facing = facing === "environment" ? "user" : "environment";
  return openCamera();
}

/** Closes it; its light goes out. */
export function closeCamera(): void {
  stopCaptions();
  if (camera.value.kind === "on") for (const track of camera.value.stream.getTracks()) track.stop();
  camera.value = { kind: "off" };
}

/** The frame that shows now; where none does yet, the camera's first. */
export async function takePicture(video: HTMLVideoElement): Promise<Blob> {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
    await new Promise((resolve) => video.addEventListener("loadeddata", resolve, { once: true }));
  }
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** Ends live captions. */
export function stopCaptions(): void {
  captions?.abort();
  live.value = undefined;
}

/**
 * Captions what the camera shows until it is stopped. Each caption is of the frame that is newest when the one before is done, never of one
 * that waited, and none is made while the scene stays as it was.
 */
export async function startCaptions(video: HTMLVideoElement, question: () => string): Promise<void> {
  stopCaptions();
  const controller = new AbortController();
  captions = controller;
  live.value = { caption: "", still: false, count: 0 };
  const small = new OffscreenCanvas(SIGNATURE_SIDE, SIGNATURE_SIDE);
  const glance = small.getContext("2d", { willReadFrequently: true });
  let captioned: Uint8Array | undefined;
  let asked: string | undefined;
  while (!controller.signal.aborted) {
    const model = readyModel.value;
    glance?.drawImage(video, 0, 0, SIGNATURE_SIDE, SIGNATURE_SIDE);
    const now = sceneSignature(
      glance?.getImageData(0, 0, SIGNATURE_SIDE, SIGNATURE_SIDE).data ?? new Uint8ClampedArray(),
    );
    const text = question();
    const still = asked === text && !sceneChanged(captioned, now);
    if (still || !model || answering.value || video.videoWidth === 0) {
      set(controller, { still });
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
      continue;
    }
    captioned = now;
    asked = text;
    set(controller, { still: false });
    try {
      await caption(controller, video, text);
    } catch (error) {
      if (isAbort(error)) return;
      return set(controller, { problem: problemOf(error) });
    }
  }
}

async function caption(controller: AbortController, video: HTMLVideoElement, text: string): Promise<void> {
  const model = readyModel.value;
  if (!model) return;
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const context = canvas.getContext("2d");
  context?.drawImage(video, 0, 0);
  const image = context?.getImageData(0, 0, canvas.width, canvas.height);
  if (!image) return;
  const stream = model.stream({
    messages: [
      {
        role: "user",
        content: [
          { type: "image", image },
          { type: "text", text },
        ],
      },
    ],
    // One view instead of many tiles: a caption in time is worth more than its small print.
    imageOptions: { doImageSplitting: false },
    maxNewTokens: MAX_CAPTION_TOKENS,
    signal: controller.signal,
  });
  const result = await stream.result;
  set(controller, { caption: result.text.trim(), count: (live.value?.count ?? 0) + 1 });
}

function set(controller: AbortController, change: Partial<Live>): void {
  if (controller.signal.aborted || !live.value) return;
  live.value = { ...live.value, ...change };
}

// A model that is exchanged or lost has nothing to say of this scene any more.
effect(() => {
  if (!readyModel.value && live.peek()) stopCaptions();
});
