import type { DecoderState, DecoderStepOptions } from "../generation/decoder-state.js";
import type { LanguageDecoder } from "./language-decoder.js";
import { PromptLookup } from "./prompt-lookup.js";

/** A token that was guessed, and the scores for the one after it. */
interface Draft {
  readonly token: number;
  readonly logits: Float32Array;
}

/**
 * A decoder of one row that reads the tokens it guesses along with the one it is given: where a guess comes true, the next step costs
 * nothing. What is scored is what a decoder without guesses scores, so the tokens are the same.
 */
export class GuessingDecoder implements DecoderState, AsyncDisposable {
  readonly batch = 1;
  readonly vocabSize: number;
  logits: Float32Array;
  readonly #decoder: LanguageDecoder;
  readonly #lookup: PromptLookup;
  #drafts: Draft[] = [];
  #guessed = 0;

  /** @param decoder after it has read `prompt`, its only row; it is disposed with this. */
  constructor(decoder: LanguageDecoder, prompt: Int32Array) {
    this.vocabSize = decoder.vocabSize;
    this.logits = decoder.logits;
    this.#decoder = decoder;
    this.#lookup = new PromptLookup(prompt, decoder.maxLength);
  }

  get lengths(): readonly number[] {
    return [this.#length];
  }

  async step(tokens: Int32Array, options: DecoderStepOptions): Promise<void> {
    const token = tokens[0] as number;
    options.signal?.throwIfAborted();
    const [next] = this.#drafts;
    if (next?.token === token) {
      this.#drafts.shift();
      this.logits = next.logits;
      this.#lookup.append(token);
    } else await this.#read(token, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forgetDrafts();
    await this.#decoder[Symbol.asyncDispose]();
  }

  get #length(): number {
    return (this.#decoder.lengths[0] as number) - this.#drafts.length;
  }

  /** Reads a token, and behind it what is guessed to follow. */
  async #read(token: number, options: DecoderStepOptions): Promise<void> {
    if (this.#guessed > 0) this.#lookup.settle(this.#guessed, this.#guessed - this.#drafts.length);
    this.#guessed = 0;
    await this.#forgetDrafts();
    this.#lookup.append(token);
    const guesses = this.#lookup.propose(this.#decoder.maxLength - this.#length - 1);
    if (guesses.length === 0) {
      await this.#decoder.step(Int32Array.of(token), options);
      this.logits = this.#decoder.logits;
      return;
    }
    const logits = await this.#decoder.extend(Int32Array.of(token, ...guesses), options.signal);
    const after = (index: number): Float32Array =>
      logits.subarray(index * this.vocabSize, (index + 1) * this.vocabSize);
    this.logits = after(0);
    this.#guessed = guesses.length;
    this.#drafts = Array.from(guesses, (guess, index) => ({ token: guess, logits: after(index + 1) }));
  }

  async #forgetDrafts(): Promise<void> {
    if (this.#drafts.length === 0) return;
    const length = this.#length;
    this.#drafts = [];
    await this.#decoder.rewind(length);
  }
}
