/** Generators begun before it is their turn: of weights some are norms of a few kilobytes, and two threads are to have work. */
const AHEAD = 4;

/**
 * The items of the generators made of `sources`, one generator after the other, of which the next ones are begun before it is their turn:
 * what they do up to their first item is done meanwhile.
 */
export async function* startedEarly<Source, T>(
  sources: Iterable<Source>,
  make: (source: Source) => AsyncGenerator<T>,
): AsyncGenerator<T, void, undefined> {
  const waiting = sources[Symbol.iterator]();
  const begun: { readonly generator: AsyncGenerator<T>; readonly first: Promise<IteratorResult<T>> }[] = [];
  const begin = (): void => {
    while (begun.length <= AHEAD) {
      const next = waiting.next();
      if (next.done) return;
      const generator = make(next.value);
      const first = generator.next();
      // Told when it is its turn.
      first.catch(() => undefined);
      begun.push({ generator, first });
    }
  };
  try {
    for (begin(); begun.length > 0; begun.shift(), begin()) {
      const { generator, first } = begun[0] as (typeof begun)[number];
      const item = await first;
      if (item.done) continue;
      yield item.value;
      yield* generator;
    }
  } finally {
    for (const { generator } of begun) generator.return(undefined).catch(() => undefined);
  }
}
