import type {
  EngineLink,
  EngineOperations,
  EngineOptions,
  OperationName,
  ReplyOf,
  RequestOf,
} from "./engine-protocol.js";

/** An engine in this thread: a run blocks the event loop, and its feeds are used in place. */
export function inlineLink(options: EngineOptions): EngineLink {
  let engine: Promise<EngineOperations> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return {
    call<K extends OperationName>(operation: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
      const result = last.then(async () => {
        // Imported when used: with a worker, this thread never needs ONNX Runtime's native library.
        engine ??= import("./engine.js").then(({ createEngine }) => createEngine(options));
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
