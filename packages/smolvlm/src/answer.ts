import type { Tensor } from "@smolvlm/contracts";
import type { FinishReason, TokenUsage } from "@smolvlm/model-core";
import type { VideoFrames } from "@smolvlm/processor";

/** Milliseconds of each part of an answer, shared by the rows of a batch. */
export interface AnswerTimings {
  /** Vision tower and the reading of the prompt, to the first token's scores. */
  readonly prefill: number;
  /** All tokens after the first scores. */
  readonly decode: number;
  /** Everything, the preparation of media included where the call did it. */
  readonly total: number;
  /** New tokens of all rows a second, from the first scores on. */
  readonly tokensPerSecond: number;
}

/** One answer. */
export interface Answer {
  /** Without special tokens. */
  readonly text: string;
  /** The new ids, the EOS token included. */
  readonly tokenIds: Int32Array;
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
  /** Which frames the model saw of each video of the conversation, in order. */
  readonly videos: readonly VideoFrames[];
  readonly timings: AnswerTimings;
}

/** The answers to a batch. */
export interface BatchAnswer {
  /** One per conversation, in order. */
  readonly answers: readonly Answer[];
  /** Scores of the first new token [batch, vocab], before any processor. */
  readonly promptLogits: Tensor<"float32">;
  readonly timings: AnswerTimings;
}
