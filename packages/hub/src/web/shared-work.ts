/** Work that several callers wait for: it is aborted when none of them wants it any more. */
export class SharedWork<T> {
  readonly #controller = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#controller.signal);
    // Told to those who wait; there may be none left.
    this.#result.catch(() => undefined);
  }

  /** Whether it was given up, so that who comes now must start it again. */
  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Calls `done` when it has ended, either way. */
  finally(done: () => void): void {
    void this.#result.then(done, done);
  }

  /** Waits for the result. @throws what the work threw; the signal's reason when it aborts first. */
  async join(signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    this.#waiting++;
    let onAbort = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal?.reason);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([this.#result, aborted]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      if (--this.#waiting === 0 && signal?.aborted) this.#controller.abort(signal.reason);
    }
  }
}
