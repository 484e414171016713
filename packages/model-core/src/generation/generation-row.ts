import type { LogitsContext } from "./logits-processors/logits-processor.js";
import type { FinishReason } from "./generate-result.js";

/** One row of a batch while it is generated: its ids and whether it has ended. */
export class GenerationRow implements LogitsContext {
  readonly row: number;
  readonly promptLength: number;
  readonly maxLength: number;
  /** Prompt and new ids so far: a view that the next `append` replaces. */
  ids: Int32Array;
  /** Why the row ended; undefined while it runs. */
  finishReason: FinishReason | undefined;
  readonly #buffer: Int32Array;

  constructor(row: number, prompt: Int32Array, maxLength: number) {
    this.row = row;
    this.promptLength = prompt.length;
    this.maxLength = maxLength;
    this.#buffer = new Int32Array(maxLength);
    this.#buffer.set(prompt);
    this.ids = this.#buffer.subarray(0, prompt.length);
  }

  /** Adds a new id; the row must hold fewer than `maxLength`. */
  append(token: number): void {
    const length = this.ids.length;
    this.#buffer[length] = token;
    this.ids = this.#buffer.subarray(0, length + 1);
  }
}
