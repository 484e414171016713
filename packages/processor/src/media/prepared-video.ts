import type { Tensor } from "@smolvlm/contracts";
import type { VideoSource } from "../chat/conversation.js";

/** Which frames of a video the model sees. */
export interface VideoFrames {
  /** When each frame is, in seconds from the start. */
  readonly timestamps: readonly number[];
  /** Length in seconds, where it is known. */
  readonly duration?: number | undefined;
  /** Place of each frame in the file, where it is known. */
  readonly frameIndices?: readonly number[] | undefined;
}

/** A video whose frames were chosen and made ready for the model. */
export interface PreparedVideo extends VideoFrames {
  /** Frames [frames, 3, M, M], normalised. */
  readonly pixelValues: Tensor<"float32">;
}

/** A video whose frames were chosen and are made ready one by one, while the model takes them. Disposing frees the decoder. */
export interface StreamedVideo extends VideoFrames, Partial<AsyncDisposable> {
  /** One frame [3, M, M] for each timestamp; iterated once at most. */
  readonly frames: AsyncIterable<Tensor<"float32">>;
}

/** How a video is to be prepared. */
export interface PrepareVideoOptions {
  readonly signal: AbortSignal;
  /** Whether the frames are wanted one by one; a function that cannot do that may still give all of them. */
  readonly stream: boolean;
  /** What the call says of frames: how many, how often, which. Passed through. */
  readonly videoOptions?: VideoOptions | undefined;
}

/** Options of a call that the function that prepares videos understands, such as `{ fps: 2, numFrames: 16 }`. */
export type VideoOptions = Readonly<Record<string, unknown>>;

/** Decodes a video, chooses its frames and makes them ready. */
export type PrepareVideo = (
  source: VideoSource,
  options: PrepareVideoOptions,
) => Promise<PreparedVideo | StreamedVideo>;

/** Whether a video needs no further preparation. */
export function isPreparedVideo(video: unknown): video is PreparedVideo {
  return typeof video === "object" && video !== null && "pixelValues" in video && "timestamps" in video;
}
