import { MediaError, type ReadOptions } from "@smolvlm/contracts";
import { inTime, MAX_WAIT_MS } from "./in-time.js";

/** Chromium's class for a track's frames, which the DOM's types do not know. */
type TrackProcessor = new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => {
  readonly readable: ReadableStream<VideoFrame>;
};

function silent(): never {
  const problem = `gave no picture within ${MAX_WAIT_MS / 1000} seconds; is the camera covered, muted, or used by another program?`;
  throw new MediaError("camera", problem);
}

async function* framesOfProcessor(
  track: MediaStreamTrack,
  Processor: TrackProcessor,
  options: ReadOptions,
): AsyncGenerator<VideoFrame, void> {
  const reader = new Processor({ track, maxBufferSize: 1 }).readable.getReader();
  try {
    for (;;) {
      const reading = reader.read();
      // A frame that comes after all, when nobody waits for it any more.
      const drop = (): void => void reading.then(({ value }) => value?.close()).catch(() => undefined);
      const { value } = await inTime(reading, options, silent).catch((error: unknown) => {
        drop();
        throw error;
      });
      if (!value) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/** By way of a `<video>`, where there is no class for a track's frames. */
async function* framesOfElement(track: MediaStreamTrack, options: ReadOptions): AsyncGenerator<VideoFrame, void> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  const shown = (): Promise<number> => new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  try {
    await inTime(Promise.all([video.play(), shown()]), options, silent);
    yield new VideoFrame(video);
    while (track.readyState === "live") {
      await inTime(shown(), options, silent);
      yield new VideoFrame(video);
    }
  } finally {
    video.srcObject = null;
  }
}

/**
 * The frames of a camera's track (or a screen's), until it ends; those that come while nobody waits are left out. Each has to be
 * closed. The track stays open.
 *
 * @throws MediaError when the track has ended, gives nothing, or cannot be read in a worker of this browser.
 */
export async function* trackFrames(
  track: MediaStreamTrack,
  options: ReadOptions = {},
): AsyncGenerator<VideoFrame, void> {
  options.signal?.throwIfAborted();
  if (track.kind !== "video") throw new MediaError("camera", `is a track of ${track.kind}; give a video track.`);
  if (track.readyState === "ended") throw new MediaError("camera", "has ended; open it again.");
  const { MediaStreamTrackProcessor: Processor } = globalThis as { MediaStreamTrackProcessor?: TrackProcessor };
  if (Processor) return yield* framesOfProcessor(track, Processor, options);
  if ("document" in globalThis) return yield* framesOfElement(track, options);
  throw new MediaError("camera", "this browser reads tracks on a page only; take frames there and pass them on.");
}

/**
 * The next frame of a camera's track, to be closed.
 *
 * @throws MediaError as `trackFrames` does, and when the track ends before it gives a picture.
 */
export async function cameraFrame(track: MediaStreamTrack, options?: ReadOptions): Promise<VideoFrame> {
  const frames = trackFrames(track, options);
  try {
    const { value } = await frames.next();
    if (value) return value;
    throw new MediaError("camera", "ended before it gave a picture; open it again.");
  } finally {
    await frames.return();
  }
}
