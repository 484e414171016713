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

/** The next frame by way of a `<video>`, where there is no class for a track's frames. */
async function frameOfElement(track: MediaStreamTrack, options: ReadOptions): Promise<VideoFrame> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  try {
    const shown = new Promise<boolean>((resolve) => video.requestVideoFrameCallback(() => resolve(true)));
    await inTime(Promise.all([video.play(), shown]), options, silent);
    return new VideoFrame(video);
  } finally {
    video.srcObject = null;
  }
}

/**
 * The next frame of a camera's track (or a screen's). The track stays open, the frame has to be closed.
 *
 * @throws MediaError when the track has ended, gives nothing, or cannot be read in a worker of this browser.
 */
export async function cameraFrame(track: MediaStreamTrack, options: ReadOptions = {}): Promise<VideoFrame> {
  options.signal?.throwIfAborted();
  if (track.kind !== "video") throw new MediaError("camera", `is a track of ${track.kind}; give a video track.`);
  if (track.readyState === "ended") throw new MediaError("camera", "has ended; open it again.");
  const { MediaStreamTrackProcessor: Processor } = globalThis as { MediaStreamTrackProcessor?: TrackProcessor };
  if (!Processor) {
    if ("document" in globalThis) return frameOfElement(track, options);
    throw new MediaError("camera", "this browser reads tracks on a page only; take the frame there and pass it on.");
  }
  const reader = new Processor({ track, maxBufferSize: 1 }).readable.getReader();
  try {
    const { value } = await inTime(reader.read(), options, silent);
    if (!value) throw new MediaError("camera", "ended before it gave a picture; open it again.");
    return value;
  } finally {
    await reader.cancel();
  }
}
