import type { LoadProgress } from "@smolvlm/model-core";

/** Until the backend's thread has the graph whose loading was just announced, milliseconds: preparing it takes a few looks at files. */
const HAND_OVER_MS = 5;

/**
 * Loads one thing, and makes another in this thread as soon as loading has anything to report, for then others work: a network, or the thread
 * of a backend. A failure of one ends the other, and nothing remains loaded.
 */
export async function loadWhileMaking<Loaded extends AsyncDisposable, Made>(
  load: (progress: LoadProgress) => Promise<Loaded>,
  make: () => Made,
  { signal, onProgress }: LoadProgress,
): Promise<[Loaded, Made]> {
  const failed = new AbortController();
  let report: () => void = () => undefined;
  const reported = new Promise<void>((resolve) => (report = resolve));
  const loading = load({
    signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
    onProgress: (event) => {
      report();
      onProgress?.(event);
    },
  });
  const handedOver = reported.then(() => new Promise<void>((resolve) => setTimeout(resolve, HAND_OVER_MS)));
  const making = Promise.race([handedOver, loading]).then(make);
  try {
    return await Promise.all([loading, making]);
  } catch (error) {
    failed.abort(error);
    await loading.then((loaded) => loaded[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  }
}
