/**
 * The items of `source`, given up as soon as the signal aborts, whatever the next one is waiting for.
 *
 * @throws the signal's reason when it aborts.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]();
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
  });
  aborted.catch(() => undefined);
  signal.addEventListener("abort", abort);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { value, done } = await Promise.race([iterator.next(), aborted]);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    const closing = iterator.return?.();
    // It closes when it wakes up; waiting for that is what was given up.
    if (signal.aborted) closing?.catch(() => undefined);
    else await closing;
  }
}
