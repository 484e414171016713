/**
 * Why a row ended: `stop` at an EOS token, `stop-string`, `stopping-criteria` of the caller, `max-time`, `length` at the greatest length,
 * or `abort` when the caller stopped first. Where several hold, the first of this list is given.
 */
export type FinishReason = "stop" | "stop-string" | "stopping-criteria" | "max-time" | "length" | "abort";

/** One new token of one row. */
export interface TokenEvent {
  readonly row: number;
  /** 0 for the first new token of the row. */
  readonly index: number;
  readonly token: number;
  /** Present with the row's last token. */
  readonly finishReason?: FinishReason | undefined;
}

/** One new token for each row that was still running. */
export interface GenerationStep {
  /** 0 for the first step. */
  readonly index: number;
  /** New ids [batch]; the padding id for rows that had finished before. */
  readonly tokens: Int32Array;
  /** The rows that `tokens` has a new id for, ascending. */
  readonly rows: readonly number[];
  /** Per row why it ended; undefined while it runs. */
  readonly finishReasons: readonly (FinishReason | undefined)[];
}

/** Tokens that one row read and wrote. */
export interface TokenUsage {
  /** Without padding. */
  readonly promptTokens: number;
  /** EOS included. */
  readonly completionTokens: number;
}

/** What was generated, per row. No padding anywhere. */
export interface GenerateResult {
  /** The ids of the prompt and the new ones, EOS included. */
  readonly sequences: readonly Int32Array[];
  /** The new ids, EOS included. */
  readonly newTokens: readonly Int32Array[];
  readonly finishReasons: readonly FinishReason[];
  readonly usage: readonly TokenUsage[];
  /** The seed of each row, which reproduces it; present when tokens were drawn at random. */
  readonly seeds?: readonly number[] | undefined;
}
