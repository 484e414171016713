import type { EngineLink, EngineOperations, OperationName, ReplyOf, RequestOf } from "./engine-protocol.js";

/** An engine in this thread: a run blocks the event loop, and its feeds are used in place. It is loaded at the first call. */
export function inlineLink(load: () => Promise<EngineOperations>): EngineLink {
  let engine: Promise<EngineOperations> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return {
    phase: () => new Int32Array(1),
    call<K extends OperationName>(operation: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
      const result = last.then(async () => {
        engine ??= load();
        const run = (await engine)[operation] as (request: RequestOf<K>) => Promise<ReplyOf<K>>;
        return run(request);
      });
      last = result.catch(() => undefined);
      return result;
    },
    async close() {
      await last;
    },
  };
}
