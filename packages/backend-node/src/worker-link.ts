import { Worker } from "node:worker_threads";
import { BackendError } from "@smolvlm/contracts";
import type {
  CreateRequest,
  EngineLink,
  EngineOptions,
  OperationName,
  ReplyOf,
  RequestOf,
  RunRequest,
} from "./engine-protocol.js";
import { restoreFailure, type CallMessage, type ReplyMessage } from "./serve-engine.js";

interface Waiting {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An engine in a worker thread, started at the first call. The thread keeps the process alive only while a call waits for its
 * answer.
 *
 * @param name for messages.
 * @param script the worker's module.
 */
export function workerLink(name: string, options: EngineOptions, script: URL): EngineLink {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let stopped: BackendError | undefined;
  let lastId = 0;

  function stop(reason: BackendError): void {
    stopped ??= reason;
    for (const { reject } of waiting.values()) reject(stopped);
    waiting.clear();
  }

  function start(): Worker {
    const started = new Worker(script, { workerData: options, execArgv: [] });
    started.on("message", ({ id, reply, failure }: ReplyMessage) => {
      const call = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) started.unref();
      if (failure === undefined) call?.resolve(reply as never);
      else call?.reject(restoreFailure(failure));
    });
    started.on("error", (cause) => stop(lost(`failed: ${cause.message}`, cause)));
    started.on("exit", (code) => stop(lost(`ended with exit code ${code}`)));
    return started;
  }

  function lost(how: string, cause?: unknown): BackendError {
    const advice = "its sessions are lost; create a new backend, or one with `worker: false`.";
    return new BackendError(name, `the worker thread ${how}; ${advice}`, { cause });
  }

  return {
    call<K extends OperationName>(operation: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
      if (stopped) return Promise.reject(stopped);
      const target = (worker ??= start());
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        const [owned, transfer] = owningRequest(operation, request);
        target.postMessage({ id, operation, request: owned } satisfies CallMessage, transfer);
        waiting.set(id, { resolve, reject });
        target.ref();
      });
    },
    async close() {
      stop(new BackendError(name, "the backend was disposed before this was done."));
      await worker?.terminate();
    },
  };
}

/** The request with buffers of its own in place of the caller's, and those that are moved rather than copied once more. */
function owningRequest<K extends OperationName>(operation: K, request: RequestOf<K>): [RequestOf<K>, ArrayBuffer[]] {
  if (operation === "create") {
    const { model, weights } = request as CreateRequest;
    return [request, [model.buffer, ...weights.map(({ data }) => data.buffer)]];
  }
  if (operation !== "run") return [request, []];
  const run = request as RunRequest;
  const transfer: ArrayBuffer[] = [];
  const feeds = Object.entries(run.feeds).map(([name, feed]) => {
    const data = feed.data.slice();
    transfer.push(data.buffer as ArrayBuffer);
    return [name, { dtype: feed.dtype, dims: feed.dims, data }];
  });
  return [{ ...run, feeds: Object.fromEntries(feeds) } as RequestOf<K>, transfer];
}
