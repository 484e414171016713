import { MediaError, type RawImage, type ReadOptions } from "@smolvlm/contracts";
import { trackFrames, webImageDecoder } from "@smolvlm/image-processor/web";
import type { VideoFrameSource } from "../video-frame-source.js";
import { FrameQueue } from "./frame-queue.js";

/** How a camera's track becomes a video. */
export interface TrackSampling {
  /** Seconds that are watched. */
  readonly seconds: number;
  /** Frames a second that can be chosen from. */
  readonly fps: number;
  readonly maxPixels: number;
}

const MEDIA = "camera";

/** Watches the track, and puts the frames at `indices` / fps seconds into the queue; where one is late, the next that comes. */
async function watch(
  track: MediaStreamTrack,
  indices: readonly number[],
  { fps, seconds, maxPixels }: TrackSampling,
  queue: FrameQueue,
  options: ReadOptions,
): Promise<void> {
  const decoder = webImageDecoder({ maxPixels });
  let start: number | undefined;
  let next = 0;
  for await (const frame of trackFrames(track, options)) {
    try {
      start ??= frame.timestamp;
      // Timestamps are microseconds. Half a frame's time of the sampling is near enough.
      const at = ((frame.timestamp - start) / 1e6) * fps;
      while (next < indices.length && at > (indices[next] as number) - 0.5) {
        queue.put(await decoder.decode(frame, options));
        next++;
      }
    } finally {
      frame.close();
    }
    if (next === indices.length) return;
  }
  const read = `after ${next} of ${indices.length} frames`;
  throw new MediaError(MEDIA, `ended ${read}, before ${seconds} seconds were over; open it again.`);
}

/**
 * The next seconds of a camera's track as a video. It is watched from the moment when frames are asked for; those wanted are kept until
 * they are taken, so that slow work on one does not move the others in time. The track stays open.
 */
export function openTrack(track: MediaStreamTrack, sampling: TrackSampling): VideoFrameSource {
  const { seconds, fps } = sampling;
  const { width, height } = track.getSettings();
  const stop = new AbortController();
  return {
    media: MEDIA,
    metadata: {
      totalNumFrames: Math.max(1, Math.round(seconds * fps)),
      fps,
      duration: seconds,
      width,
      height,
      videoBackend: "camera",
    },
    async *frames(indices, { signal } = {}): AsyncGenerator<RawImage> {
      const done = new AbortController();
      const watching = AbortSignal.any([stop.signal, done.signal, ...(signal ? [signal] : [])]);
      const queue = new FrameQueue();
      const watched = watch(track, indices, sampling, queue, { signal: watching }).catch((error: unknown) =>
        queue.fail(error),
      );
      try {
        for (let taken = 0; taken < indices.length; taken++) {
          const frame = await queue.take();
          signal?.throwIfAborted();
          yield frame;
        }
      } finally {
        done.abort();
        await watched;
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
    },
  };
}
