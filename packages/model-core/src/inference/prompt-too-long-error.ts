import { InvalidArgumentError } from "@smolvlm/contracts";

/** A prompt, or prompt and answer, do not fit in the model's context. Thrown before anything is computed. */
export class PromptTooLongError extends InvalidArgumentError {
  static override readonly errorName: string = "PromptTooLongError";
  /** Row of the batch. */
  readonly row: number;
  /** Tokens of the row's prompt, without padding. */
  readonly promptLength: number;
  /** New tokens asked for; 0 when only the prompt is read. */
  readonly maxNewTokens: number;
  /** Positions that the model has. */
  readonly contextLength: number;

  constructor(init: { row: number; promptLength: number; maxNewTokens: number; contextLength: number }) {
    const { row, promptLength, maxNewTokens, contextLength } = init;
    const answer = maxNewTokens > 0 ? ` and ${maxNewTokens} new ones` : "";
    super({
      argument: "inputIds",
      expected: `at most ${contextLength} tokens, the model's context length; shorten the prompt, or use fewer or smaller images`,
      found: `${promptLength} tokens${answer} in row ${row}`,
    });
    this.row = row;
    this.promptLength = promptLength;
    this.maxNewTokens = maxNewTokens;
    this.contextLength = contextLength;
  }
}
