import type { Tensor } from "@smolvlm/contracts";
import type { VideoSource } from "../chat/conversation.js";

/** A video whose frames were chosen and made ready for the model. */
export interface PreparedVideo {
  /** Frames [frames, 3, M, M], normalised. */
  readonly pixelValues: Tensor<"float32">;
  /** When each frame was, in seconds from the start. */
  readonly timestamps: readonly number[];
  /** Length in seconds, where it is known. */
  readonly duration?: number | undefined;
}

/** Decodes a video, chooses its frames and makes them ready. */
export type PrepareVideo = (source: VideoSource, options: { readonly signal: AbortSignal }) => Promise<PreparedVideo>;

/** Whether a video needs no further preparation. */
export function isPreparedVideo(video: unknown): video is PreparedVideo {
  return typeof video === "object" && video !== null && "pixelValues" in video && "timestamps" in video;
}
