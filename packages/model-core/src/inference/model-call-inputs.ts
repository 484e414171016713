import type { ModelInputs, OnProgress, Tensor } from "@smolvlm/contracts";

/** What every call of a model takes: the processor's batch, or parts of it. */
export interface ModelCallInputs extends Omit<ModelInputs, "attentionMask"> {
  /** 1 at tokens, 0 at padding [batch, length]; all 1 by default. The padding of a row lies on one side. */
  readonly attentionMask?: Tensor<"int32"> | undefined;
  /** Features that `getImageFeatures` gave before [frames, tokens, text hidden], instead of `pixelValues`. */
  readonly imageFeatures?: Tensor<"float32"> | undefined;
  /** Looked at between frames, pieces of the prompt, and tokens. */
  readonly signal?: AbortSignal | undefined;
  /** Told of frames and prompt tokens. */
  readonly onProgress?: OnProgress | undefined;
}
