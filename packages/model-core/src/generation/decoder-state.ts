/** What a step of the decoder is told besides its tokens. */
export interface DecoderStepOptions {
  /**
   * Rows that are still being generated, one entry a row. A row that is not active has a padding token in `tokens`: its cache need not
   * grow and its logits are not read.
   */
  readonly active: readonly boolean[];
  readonly signal?: AbortSignal | undefined;
}

/** A decoder that has read the prompts of a batch: all that generation needs to know of a model. */
export interface DecoderState {
  /** Number of rows. */
  readonly batch: number;
  readonly vocabSize: number;
  /** Positions read so far, per row. */
  readonly lengths: readonly number[];
  /** Scores [batch · vocabSize] for the token after each row's last position. Not modified by generation. */
  readonly logits: Float32Array;
  /**
   * Appends one token [batch] to each active row and replaces `logits`.
   *
   * @throws the reason of `signal` when it is aborted.
   */
  step(tokens: Int32Array, options: DecoderStepOptions): Promise<void>;
}
