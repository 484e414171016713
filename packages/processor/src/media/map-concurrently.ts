/**
 * The results of `work` over `items`, in their order, with at most `limit` running at a time. The first failure stops the others: their
 * signal is aborted, and nothing further is started.
 *
 * @throws whatever `work` threw first, or the reason of `signal`.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      either.throwIfAborted();
      const index = next++;
      results[index] = await work(items[index] as T, either);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
    signal?.throwIfAborted();
    return results;
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}
