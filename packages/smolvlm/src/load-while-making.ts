import type { LoadProgress } from "@smolvlm/model-core";

/**
 * Loads one thing, and makes another in this thread as soon as others are at work: the thread of a backend, which has the graph when it first
 * reports, or a network or the threads that convert, which have sent something. A failure of one ends the other, and nothing remains loaded.
 */
export async function loadWhileMaking<Loaded extends AsyncDisposable, Made>(
  load: (progress: LoadProgress) => Promise<Loaded>,
  make: () => Made,
  { signal, onProgress }: LoadProgress,
): Promise<[Loaded, Made]> {
  const failed = new AbortController();
  let free: () => void = () => undefined;
  const isFree = new Promise<void>((resolve) => (free = resolve));
  const loading = load({
    signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
    onProgress: (event) => {
      if (event.stage === "load" || event.loaded > 0) free();
      onProgress?.(event);
    },
  });
  const making = Promise.race([isFree, loading]).then(make);
  try {
    return await Promise.all([loading, making]);
  } catch (error) {
    failed.abort(error);
    await loading.then((loaded) => loaded[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  }
}
