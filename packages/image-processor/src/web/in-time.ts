import type { ReadOptions } from "@smolvlm/contracts";

/** What gives no picture for this long gives none: a camera is covered by another program, or muted. */
export const MAX_WAIT_MS = 10_000;

/** What `promise` gives, or `late` when that takes longer than `MAX_WAIT_MS`; rejects with the signal's reason when it aborts. */
export async function inTime<T>(promise: Promise<T>, { signal }: ReadOptions, late: () => never): Promise<T> {
  let stop = (): void => undefined;
  const limits = new Promise<undefined>((resolve, reject) => {
    const timer = setTimeout(resolve, MAX_WAIT_MS, undefined);
    const abort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener("abort", abort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
  });
  try {
    return (await Promise.race([promise, limits])) ?? late();
  } finally {
    stop();
  }
}
