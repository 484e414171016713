/** The row whose scores are processed. */
export interface LogitsContext {
  /** Index in the batch. */
  readonly row: number;
  /** The row's ids so far, prompt first, without padding. Valid during the call only: copy it to keep it. */
  readonly ids: Int32Array;
  /** Ids of the prompt. */
  readonly promptLength: number;
  /** Most ids the row may come to hold, prompt included. */
  readonly maxLength: number;
}

/**
 * Changes the scores [vocabSize] of one row in place before a token is chosen: a logits processor or warper of transformers. A token is
 * excluded by −∞. It may keep buffers but nothing about a row, as it is called for the rows of a batch in turn.
 */
export type LogitsProcessor = (scores: Float32Array, context: LogitsContext) => void;
