import type { ModelInputs, OnProgress, Tensor } from "@smolvlm/contracts";

/** What every call of a model takes: the processor's batch, or parts of it. */
export interface ModelCallInputs extends Omit<ModelInputs, "attentionMask"> {
  /** 1 at tokens, 0 at padding [batch, length]; all 1 by default. The padding of a row lies on one side. */
  readonly attentionMask?: Tensor<"int32"> | undefined;
  /** Features that were computed before [frames, tokens, text hidden]. Frames given as well come after them. */
  readonly imageFeatures?: Tensor<"float32"> | undefined;
  /**
   * Which frame each block of `<image>` tokens shows, through all rows, so that one frame can stand in several places; 0, 1, 2, … by
   * default.
   */
  readonly imageFrames?: readonly number[] | undefined;
  /** Looked at between frames, pieces of the prompt, and tokens. */
  readonly signal?: AbortSignal | undefined;
  /** Told of frames and prompt tokens. */
  readonly onProgress?: OnProgress | undefined;
}
