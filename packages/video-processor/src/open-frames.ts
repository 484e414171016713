import { InvalidArgumentError, MediaError, type RawImage, type ReadOptions } from "@smolvlm/contracts";
import type { FrameSequence, VideoFrameSource, VideoInput } from "./video-frame-source.js";

/** Most bytes of pixels held for an iterable whose length is not given. */
const MAX_HELD_BYTES = 2 ** 30;

const MEDIA = "frames";

function isFrameSource(video: VideoInput): video is VideoFrameSource {
  return "metadata" in video && "frames" in video && typeof video.frames === "function";
}

/** Whether `video` needs no decoder. */
export function isVideoInput(video: unknown): video is VideoInput {
  if (typeof video !== "object" || video === null) return false;
  return (
    Array.isArray(video) || ("frames" in video && (typeof video.frames === "function" || isIterable(video.frames)))
  );
}

function isIterable(value: unknown): value is Iterable<RawImage> | AsyncIterable<RawImage> {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

async function gather(
  frames: Iterable<RawImage> | AsyncIterable<RawImage>,
  options?: ReadOptions,
): Promise<RawImage[]> {
  const held: RawImage[] = [];
  let bytes = 0;
  for await (const frame of frames) {
    options?.signal?.throwIfAborted();
    bytes += frame.data.byteLength;
    if (bytes > MAX_HELD_BYTES) {
      throw new InvalidArgumentError({
        argument: "frames",
        expected: `totalNumFrames with an iterable of more than ${MAX_HELD_BYTES} bytes of pixels`,
        found: "none",
      });
    }
    held.push(frame);
  }
  return held;
}

async function* pick(
  frames: Iterable<RawImage> | AsyncIterable<RawImage>,
  indices: readonly number[],
  options?: ReadOptions,
): AsyncGenerator<RawImage> {
  let next = 0;
  let index = 0;
  for await (const frame of frames) {
    options?.signal?.throwIfAborted();
    if (index++ !== indices[next]) continue;
    yield frame;
    if (++next === indices.length) return;
  }
  throw new MediaError(
    MEDIA,
    `there are only ${index} frames; frame ${indices[next]} was wanted. Check totalNumFrames.`,
  );
}

/**
 * A video as a source of frames.
 *
 * @throws InvalidArgumentError when there is no frame, or too many of unknown number.
 */
export async function openFrames(video: VideoInput, options?: ReadOptions): Promise<VideoFrameSource> {
  if (isFrameSource(video)) return video;
  const sequence: FrameSequence = "frames" in video ? video : { frames: video };
  const held =
    Array.isArray(sequence.frames) || sequence.totalNumFrames !== undefined
      ? sequence.frames
      : await gather(sequence.frames, options);
  const list = Array.isArray(held) ? (held as readonly RawImage[]) : undefined;
  const totalNumFrames = list?.length ?? sequence.totalNumFrames ?? 0;
  if (!Number.isInteger(totalNumFrames) || totalNumFrames < 1) {
    throw new InvalidArgumentError({
      argument: "video",
      expected: "at least one frame",
      found: String(totalNumFrames),
    });
  }
  const { fps } = sequence;
  if (fps !== undefined && !(fps > 0 && Number.isFinite(fps))) {
    throw new InvalidArgumentError({ argument: "fps", expected: "frames a second, above 0", found: String(fps) });
  }
  const duration = sequence.duration ?? (fps === undefined ? undefined : totalNumFrames / fps);
  return {
    media: MEDIA,
    metadata: { totalNumFrames, fps, duration, width: list?.[0]?.width, height: list?.[0]?.height },
    async *frames(indices, readOptions) {
      if (list === undefined) return yield* pick(held, indices, readOptions);
      for (const index of indices) {
        readOptions?.signal?.throwIfAborted();
        yield list[index] as RawImage;
      }
    },
  };
}
