import { DisposedError, InvalidArgumentError, type KeyValueCache, type Session } from "@smolvlm/contracts";
import type { FeatureRows } from "./language-runner.js";
import { isSamePosition, positionOf, type PromptPosition } from "./prompt-positions.js";
import type { PromptRow } from "./prompt-row.js";

/**
 * What the text model keeps of a prompt and its answer, so that a longer prompt with the same beginning costs only what is new. Give it to
 * `stream` or `generate` with each prompt; it finds out by itself how much of one it knows, tokens and frames alike. One generation
 * at a time. It holds memory until it is disposed.
 */
export class PromptCache implements AsyncDisposable {
  readonly #session: () => Promise<Session>;
  #keyValues: KeyValueCache | undefined;
  #positions: PromptPosition[] = [];
  #isUsed = false;
  #isDisposed = false;

  /** @internal use `createPromptCache` of the model */
  constructor(session: () => Promise<Session>) {
    this.#session = session;
  }

  /** Positions that are known. */
  get length(): number {
    return this.#keyValues?.lengths[0] ?? 0;
  }

  /** Bytes of keys and values. */
  get byteLength(): number {
    return this.#keyValues?.byteLength ?? 0;
  }

  /**
   * Forgets what lies beyond `length` positions.
   *
   * @throws InvalidArgumentError when it knows fewer, or is in use; DisposedError.
   */
  async rewind(length: number): Promise<void> {
    this.#checkFree();
    if (!Number.isInteger(length) || length < 0 || length > this.length) {
      const expected = `a whole number of positions up to ${this.length}`;
      throw new InvalidArgumentError({ argument: "length", expected, found: String(length) });
    }
    await this.#keyValues?.rewind([length]);
    this.#positions.length = length;
  }

  /** An independent copy. @throws InvalidArgumentError when it is in use; DisposedError. */
  async fork(): Promise<PromptCache> {
    this.#checkFree();
    const copy = new PromptCache(this.#session);
    copy.#keyValues = await this.#keyValues?.fork();
    copy.#positions = this.#positions.slice(0, this.length);
    return copy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#positions = [];
    await this.#keyValues?.[Symbol.asyncDispose]();
  }

  /**
   * Takes it for one generation: forgets what does not agree with a prompt, and its last position in any case, since its scores are wanted.
   *
   * @internal
   * @returns keys and values, of as many positions of the prompt as are known.
   */
  async take(row: PromptRow, features: FeatureRows): Promise<KeyValueCache> {
    this.#checkFree();
    this.#isUsed = true;
    try {
      this.#keyValues ??= await (await this.#session()).createCache(1);
      const most = Math.min(this.length, row.ids.length - 1);
      let common = 0;
      while (common < most && this.#isAt(common, positionOf(row, common, features))) common++;
      await this.#keyValues.rewind([common]);
      this.#positions.length = common;
      return this.#keyValues;
    } catch (error) {
      this.#isUsed = false;
      throw error;
    }
  }

  /** Says what the positions are that keys and values have gained. @internal */
  append(position: PromptPosition): void {
    // A copy: a view would keep the features of all frames.
    this.#positions.push(position.feature ? { ...position, feature: position.feature.slice() } : position);
  }

  /** Says that keys and values have lost what lay beyond `length`. @internal */
  truncate(length: number): void {
    this.#positions.length = length;
  }

  /** Gives it back after a generation. @internal */
  release(): void {
    this.#isUsed = false;
  }

  #isAt(index: number, position: PromptPosition): boolean {
    const known = this.#positions[index];
    return known !== undefined && isSamePosition(known, position);
  }

  #checkFree(): void {
    if (this.#isDisposed) throw new DisposedError("The prompt cache");
    if (!this.#isUsed) return;
    const expected = "a cache that no other generation uses; wait for its end, or fork the cache before";
    throw new InvalidArgumentError({ argument: "promptCache", expected, found: "one in use" });
  }
}
