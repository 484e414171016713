import type { Tensor } from "./tensor.js";

/**
 * Frames that are made while they are used, so that a long video never lies in memory whole: one frame [3, height, width] after
 * the other, in the order that the `<image>` tokens of the batch consume them. Iterate once; dispose it even when not iterated.
 */
export interface FrameFeed extends AsyncIterable<Tensor<"float32">>, AsyncDisposable {
  /** How many frames there will be. */
  readonly count: number;
}

/** What the processor makes of conversations and the model takes. Names and shapes are those of the reference's batch. */
export interface ModelInputs {
  /** Token ids [batch, length], rows padded with the pad token. */
  readonly inputIds: Tensor<"int32">;
  /** 1 at tokens, 0 at padding [batch, length]; the padding of a row lies on one side. */
  readonly attentionMask: Tensor<"int32">;
  /**
   * Frames [samples, frames, 3, height, width], normalised, tiles before the global image; samples with fewer frames end in
   * frames that are all exactly 0. Frames are consumed in order by the `<image>` tokens of the batch. The first axis may also count
   * videos: only the order of frames matters.
   */
  readonly pixelValues?: Tensor<"float32"> | undefined;
  /** 1 where a frame has pixels [samples, frames, height, width]. */
  readonly pixelAttentionMask?: Tensor<"bool"> | undefined;
  /** The frames one by one, instead of `pixelValues`. */
  readonly frames?: FrameFeed | undefined;
}
