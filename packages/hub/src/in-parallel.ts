/**
 * Runs `work` on each item, at most `limit` at a time. When one fails or the signal aborts, the others are told to stop and waited
 * for, so that nothing goes on in the background after this has returned.
 */
export async function inParallel<T>(
  limit: number,
  items: readonly T[],
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const queue = [...items];
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && !controller.signal.aborted; item = queue.shift()) {
      try {
        await work(item, controller.signal);
      } catch (cause) {
        failures.push(cause);
        controller.abort(cause);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  signal?.removeEventListener("abort", onAbort);
  signal?.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
