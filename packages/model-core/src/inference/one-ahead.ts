/**
 * The same values, where the next one is already asked for while one is worked on. A failure of the value ahead is thrown when its turn
 * comes; leaving early ends the source too.
 */
export async function* oneAhead<T>(source: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const ask = async (): Promise<IteratorResult<T>> => iterator.next();
  let ahead = ask();
  // Not looked at before its turn, it would count as an unhandled rejection.
  ahead.catch(() => undefined);
  try {
    for (;;) {
      const { done, value } = await ahead;
      if (done) return;
      ahead = ask();
      ahead.catch(() => undefined);
      yield value;
    }
  } finally {
    await ahead.catch(() => undefined);
    await iterator.return?.();
  }
}
