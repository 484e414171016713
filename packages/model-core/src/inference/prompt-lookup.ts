/** Fewest tokens that must repeat for a guess: two come together by chance in most answers. */
const MIN_MATCH = 3;
/** A longer match than this says no more, and so many tokens at once are what a step can check cheaply. */
const MAX_MATCH = 8;
/** What checking one more token costs, in steps: 0.11 to 0.17, measured with 3 and 7 more on a CPU (256M shapes, q8). */
const DRAFT_COST = 0.17;
/** Steps that may be lost on wrong guesses before guessing rests. */
const FIRST_CREDIT = 2;
/** Steps of credit after a rest: enough for one guess. */
const NEXT_CREDIT = 0.5;
/** No more credit is piled up than this, so that a text that stops repeating is soon noticed. */
const MAX_CREDIT = 6;
/** Tokens without guesses before the next trial. */
const REST = 48;

/**
 * Guesses the next tokens of a text from what stood behind an earlier place with the same tokens (prompt lookup decoding): answers often repeat
 * the prompt or themselves. It keeps account of what guesses cost and save, and rests while they do not pay, so that the loss is bounded.
 */
export class PromptLookup {
  readonly #ids: Int32Array;
  #length: number;
  #credit = FIRST_CREDIT;
  #rest = 0;

  /** @param maxLength most tokens the text may have. */
  constructor(prompt: Int32Array, maxLength: number) {
    this.#ids = new Int32Array(maxLength);
    this.#ids.set(prompt);
    this.#length = prompt.length;
  }

  /** The text goes on with this token. */
  append(token: number): void {
    this.#ids[this.#length++] = token;
    if (this.#rest > 0 && --this.#rest === 0) this.#credit = NEXT_CREDIT;
  }

  /** At most `most` tokens that may come next; none when nothing repeats or guessing rests. */
  propose(most: number): Int32Array {
    if (this.#rest > 0) return new Int32Array(0);
    const { end, match } = this.#longestMatch();
    if (match < MIN_MATCH) return new Int32Array(0);
    // The longer it has agreed, the longer it is likely to go on.
    const count = Math.min(most, this.#length - end, match - 1);
    return this.#ids.slice(end, end + Math.max(count, 0));
  }

  /** How many of the tokens guessed last came true. */
  settle(guessed: number, right: number): void {
    this.#credit = Math.min(this.#credit + right - DRAFT_COST * guessed, MAX_CREDIT);
    if (this.#credit <= 0) this.#rest = REST;
  }

  /** The latest of the places before whose last tokens agree longest with those of the text; `end` is behind it. */
  #longestMatch(): { readonly end: number; readonly match: number } {
    const ids = this.#ids;
    const last = this.#length - 1;
    let best = { end: 0, match: 0 };
    for (let at = last - 1; at >= 0 && best.match < MAX_MATCH; at--) {
      let match = 0;
      while (match < MAX_MATCH && match <= at && ids[at - match] === ids[last - match]) match++;
      if (match > best.match) best = { end: at + 1, match };
    }
    return best;
  }
}
