import type { RawImage, ReadOptions } from "@smolvlm/contracts";
import { isDrawable, objectKind, webImageDecoder, type Drawable } from "@smolvlm/image-processor/web";
import { openFrames } from "../open-frames.js";
import type { FrameSequence, VideoFrameSource } from "../video-frame-source.js";

/** A frame that a page has: pixels, or what it can draw. */
export type WebFrame = RawImage | ImageData | Drawable;

/** Frames that a page has, in order, with how many there are a second. Each `VideoFrame` of them is closed once it was read. */
export interface WebFrameSequence extends Omit<FrameSequence, "frames"> {
  /** A list, or anything that can be iterated (once is enough). */
  readonly frames: Iterable<WebFrame> | AsyncIterable<WebFrame>;
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/** Whether these are frames of which one at least may have to be drawn; lists of pixels alone need no decoder. */
export function isWebFrames(source: unknown): source is WebFrameSequence | readonly WebFrame[] {
  if (typeof source !== "object" || source === null) return false;
  if (Array.isArray(source)) return source.some(isDrawable);
  if (!("frames" in source)) return false;
  return Array.isArray(source.frames) ? source.frames.some(isDrawable) : isIterable(source.frames);
}

function closeFrame(frame: WebFrame): void {
  if (objectKind(frame) === "VideoFrame") (frame as VideoFrame).close();
}

/**
 * Frames of a page as a video. Those of a list, and of an iterable with `totalNumFrames`, are drawn one at a time.
 *
 * @throws InvalidArgumentError as for other frames: when there are none, or too many of unknown number.
 */
export async function openWebFrames(
  source: WebFrameSequence | readonly WebFrame[],
  maxPixels: number,
  options: ReadOptions,
): Promise<VideoFrameSource> {
  const { frames, ...rest }: WebFrameSequence = "frames" in source ? source : { frames: source };
  const decoder = webImageDecoder({ maxPixels });
  const list = Array.isArray(frames) ? (frames as readonly WebFrame[]) : undefined;

  async function draw(frame: WebFrame, readOptions?: ReadOptions): Promise<RawImage> {
    try {
      return await decoder.decode(frame, readOptions);
    } finally {
      // Decoders and cameras have few of them, and stand still while those are open.
      closeFrame(frame);
    }
  }

  if (!list) {
    const drawn = async function* (): AsyncGenerator<RawImage> {
      for await (const frame of frames) yield await draw(frame, options);
    };
    return openFrames({ ...rest, frames: drawn() }, options);
  }
  // Only the chosen ones of a list need drawing, and their pixels need not be held all at once.
  const { fps, duration = fps === undefined ? undefined : list.length / fps } = rest;
  return {
    media: "frames",
    metadata: { totalNumFrames: list.length, fps, duration },
    async *frames(indices, readOptions) {
      for (const index of indices) {
        readOptions?.signal?.throwIfAborted();
        yield await draw(list[index] as WebFrame, readOptions);
      }
    },
    async [Symbol.asyncDispose]() {
      list.forEach(closeFrame);
    },
  };
}
