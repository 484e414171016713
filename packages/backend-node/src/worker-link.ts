import { Worker } from "node:worker_threads";
import { BackendError } from "@smolvlm/contracts";
import {
  owningRequest,
  restoreFailure,
  type CallMessage,
  type EngineLink,
  type OperationName,
  type ReplyMessage,
  type ReplyOf,
  type RequestOf,
} from "@smolvlm/backend-common";
import type { EngineOptions } from "./engine-options.js";

interface Waiting {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An engine in a worker thread, started at the first call or, if `eager`, at once. The thread keeps the process alive only while a call
 * waits for its answer.
 *
 * @param name for messages.
 * @param script the worker's module.
 */
export function workerLink(name: string, options: EngineOptions, script: URL, eager = false): EngineLink {
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

  if (eager) (worker = start()).unref();
  return {
    phase: () => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
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
