/** Below this much time a rate is noise. */
const MIN_ELAPSED_MS = 600;

/** Estimates how long a transfer still takes, from all of it since `start`. */
export class TimeLeft {
  #start: { readonly at: number; readonly loaded: number } | undefined;

  /** Seconds, or undefined while that is not known. What was there at the first call, such as a resumed download, is not counted as fetched. */
  update(loaded: number, total: number, now: number): number | undefined {
    this.#start ??= { at: now, loaded };
    const elapsed = now - this.#start.at;
    const gained = loaded - this.#start.loaded;
    if (elapsed < MIN_ELAPSED_MS || gained <= 0) return undefined;
    return ((total - loaded) * elapsed) / gained / 1000;
  }
}
