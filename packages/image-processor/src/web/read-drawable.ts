import { MediaError, type RawImage, type ReadOptions } from "@smolvlm/contracts";
import { checkSize, type DecodeContext } from "../decode/decode-context.js";
import { objectKind } from "../decode/object-kind.js";
import { cameraFrame } from "./track-frames.js";
import { inTime } from "./in-time.js";
import { readFailure, readPixels } from "./read-pixels.js";

/** What a page can draw, or take a picture of. */
export type Drawable =
  | ImageBitmap
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame
  | MediaStreamTrack;

const KINDS = [
  "ImageBitmap",
  "HTMLImageElement",
  "HTMLCanvasElement",
  "OffscreenCanvas",
  "HTMLVideoElement",
  "VideoFrame",
  "MediaStreamTrack",
];

/** Whether a source is drawn rather than decoded. */
export function isDrawable(source: unknown): source is Drawable {
  const kind = objectKind(source);
  // A camera's track has a class of its own in Chromium; a canvas's is another.
  return KINDS.includes(kind) || /MediaStreamTrack$/.test(kind);
}

async function readBitmap(bitmap: ImageBitmap, keepsColours: boolean, context: DecodeContext): Promise<RawImage> {
  try {
    checkSize(bitmap.width, bitmap.height, context);
    return await readPixels(bitmap, bitmap, keepsColours, context.media);
  } finally {
    bitmap.close();
  }
}

async function readFrame(frame: VideoFrame, context: DecodeContext): Promise<RawImage> {
  const { displayWidth: width, displayHeight: height } = frame;
  checkSize(width, height, context);
  return readPixels(frame, { width, height }, false, context.media);
}

async function readElement(image: HTMLImageElement, context: DecodeContext): Promise<RawImage> {
  try {
    await image.decode();
  } catch (cause) {
    throw new MediaError(context.media, "its picture could not be loaded; check its address.", { cause });
  }
  checkSize(image.naturalWidth, image.naturalHeight, context);
  const bitmap = await createImageBitmap(image, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  return readBitmap(bitmap, true, context);
}

async function readCanvas(canvas: HTMLCanvasElement | OffscreenCanvas, context: DecodeContext): Promise<RawImage> {
  checkSize(canvas.width, canvas.height, context);
  return readBitmap(await createImageBitmap(canvas), false, context);
}

/** The frame that a video shows. One that was never shown has none yet, though it is loaded: asking for it brings it. */
async function videoFrame(video: HTMLVideoElement, media: string, options: ReadOptions): Promise<VideoFrame> {
  const isEarly = (cause: unknown): boolean => cause instanceof DOMException && cause.name === "InvalidStateError";
  const late = (): never => {
    throw new MediaError(media, "gives no frame; play it, or take its picture later.");
  };
  try {
    return new VideoFrame(video);
  } catch (cause) {
    if (!isEarly(cause)) throw readFailure(media, cause);
  }
  await inTime(new Promise((resolve) => video.requestVideoFrameCallback(resolve)), options, late);
  try {
    return new VideoFrame(video);
  } catch (cause) {
    throw readFailure(media, cause);
  }
}

async function readVideo(video: HTMLVideoElement, context: DecodeContext, options: ReadOptions): Promise<RawImage> {
  if (video.readyState < video.HAVE_CURRENT_DATA)
    throw new MediaError(context.media, "has no frame yet; wait for its event loadeddata.");
  const frame = await videoFrame(video, context.media, options);
  try {
    return await readFrame(frame, context);
  } finally {
    frame.close();
  }
}

/**
 * A picture, canvas, video, frame or camera as it is shown now. Colours of video are the browser's own conversion. What is given stays
 * as it is: bitmaps and frames are not closed, tracks not stopped.
 *
 * @throws MediaError when it has no picture (yet), more pixels than allowed, or pixels that the page may not read.
 */
export async function readDrawable(
  source: Drawable,
  limits: Omit<DecodeContext, "media">,
  options: ReadOptions,
): Promise<RawImage> {
  const kind = objectKind(source);
  const context: DecodeContext = { ...limits, media: kind };
  switch (kind) {
    case "ImageBitmap": {
      const bitmap = source as ImageBitmap;
      checkSize(bitmap.width, bitmap.height, context);
      return readPixels(bitmap, bitmap, false, kind);
    }
    case "HTMLImageElement":
      return readElement(source as HTMLImageElement, context);
    case "HTMLCanvasElement":
    case "OffscreenCanvas":
      return readCanvas(source as HTMLCanvasElement, context);
    case "HTMLVideoElement":
      return readVideo(source as HTMLVideoElement, context, options);
    case "VideoFrame":
      return readFrame(source as VideoFrame, context);
    default: {
      const frame = await cameraFrame(source as MediaStreamTrack, options);
      try {
        return await readFrame(frame, { ...context, media: "camera" });
      } finally {
        frame.close();
      }
    }
  }
}
