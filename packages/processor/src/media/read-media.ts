import type { FrameFeed, Tensor } from "@smolvlm/contracts";
import type { MediaKind } from "../prompt/expand-placeholders.js";
import type { VideoFrames } from "./prepared-video.js";

/** What is left to know of a picture or video once its frames went to the model. */
export interface ReadMedium {
  readonly kind: MediaKind;
  /** The text that stands for it in a prompt, with an `<image>` token for each part of a frame. */
  readonly prompt: string;
  /** How many frames it has. */
  readonly frames: number;
  /** Which frames of a video those are. */
  readonly video?: VideoFrames | undefined;
}

/** The media of some messages and their frames, in the order of the messages. Dispose of `frames` where they are there. */
export interface MediaInputs {
  readonly media: readonly ReadMedium[];
  /** Frames [1, frames, 3, M, M] or [videos, frames, 3, M, M]. */
  readonly pixelValues?: Tensor<"float32"> | undefined;
  /** 1 where a frame has pixels [.., M, M]. */
  readonly pixelAttentionMask?: Tensor<"bool"> | undefined;
  /** The frames one by one instead. */
  readonly frames?: FrameFeed | undefined;
}

/** Conversations as ids, with media that were read before. */
export interface EncodedConversations {
  /** [conversations, length] */
  readonly inputIds: Tensor<"int32">;
  /** 1 at tokens [conversations, length] */
  readonly attentionMask: Tensor<"int32">;
  /** For each conversation the indices of its media in the order of its text. */
  readonly mediaOrder: readonly (readonly number[])[];
}
