import { SmolVLMError } from "@smolvlm/contracts";

/** The model's scores, or what the logits processors made of them, leave no token to choose. */
export class InvalidLogitsError extends SmolVLMError {
  static override readonly errorName: string = "InvalidLogitsError";
  /** Row of the batch. */
  readonly row: number;
  /** Position of the token that was to be chosen, counted from the start of the row's prompt. */
  readonly position: number;

  constructor(init: { row: number; position: number; problem: string }) {
    super(`No token can be chosen for row ${init.row} at position ${init.position}: ${init.problem}`);
    this.row = init.row;
    this.position = init.position;
  }
}
