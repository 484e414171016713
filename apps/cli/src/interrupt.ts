/** Exit status of a program stopped by Ctrl-C: 128 + SIGINT. */
export const INTERRUPTED = 130;

/**
 * A signal that aborts on the first Ctrl-C or termination request, so that work stops within one token and cleans up.
 * A second Ctrl-C leaves at once.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort(new DOMException("Interrupted.", "AbortError"));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}
