import {
  owningRequest,
  restoreFailure,
  runPhase,
  type EngineLink,
  type OperationName,
  type ReplyOf,
  type RequestOf,
  type RunReply,
  type RunRequest,
} from "@smolvlm/backend-common";
import { BackendError } from "@smolvlm/contracts";
import { DeviceLostError } from "./device-lost-error.js";
import type { EngineOptions } from "./engine-options.js";
import type { FromWorker, ToWorker } from "./worker-messages.js";

/**
 * An engine in a web worker. Calls wait on this side and are sent one at a time: a page that is not cross-origin isolated has no
 * shared memory, so a run that is withdrawn must not have been sent yet.
 *
 * @param name for messages.
 * @param start makes the worker, at the first call.
 */
export function workerLink(name: string, options: EngineOptions, start: () => Worker): EngineLink {
  let worker: Worker | undefined;
  let stopped: BackendError | undefined;
  let lastId = 0;
  let last: Promise<unknown> = Promise.resolve();
  let rejectCurrent: ((error: unknown) => void) | undefined;
  let answer: ((message: FromWorker) => void) | undefined;

  function stop(reason: BackendError): void {
    stopped ??= reason;
    rejectCurrent?.(stopped);
  }

  function open(): Worker {
    const started = start();
    started.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => answer?.(data));
    started.addEventListener("error", (event) => {
      event.preventDefault();
      const how = event.message || "its script could not be loaded (address, bundler or content security policy)";
      const advice = "create a new backend, or one with `worker: false`.";
      stop(new BackendError(name, `the worker failed: ${how}; ${advice}`));
    });
    started.postMessage({ options } satisfies ToWorker);
    return started;
  }

  function send<K extends OperationName>(operation: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
    if (stopped) return Promise.reject(stopped);
    return new Promise((resolve, reject) => {
      rejectCurrent = reject;
      answer = ({ reply, failure, lost }) => {
        if (lost !== undefined) reject(new DeviceLostError(name, lost));
        else if (failure) reject(restoreFailure(failure));
        else resolve(reply as ReplyOf<K>);
      };
      const [owned, transfer] = owningRequest(operation, request);
      (worker ??= open()).postMessage({ id: ++lastId, operation, request: owned } satisfies ToWorker, transfer);
    });
  }

  async function sendRun(request: RunRequest): Promise<RunReply | undefined> {
    const { phase } = request;
    if (!phase) return send("run", request);
    if (Atomics.compareExchange(phase, 0, runPhase.waiting, runPhase.running) === runPhase.aborted) return undefined;
    const reply = await send("run", { ...request, phase: undefined });
    if (Atomics.load(phase, 0) !== runPhase.aborted) return reply;
    if (reply?.cache) {
      // The worker could not know; what it added is taken away before anything else is sent.
      const lengths = reply.cache.lengths.map((length, row) => length - (request.newLengths?.[row] ?? 0));
      await send("rewindCache", { cache: reply.cache.cache, lengths });
    }
    return undefined;
  }

  return {
    phase: () => new Int32Array(1),
    call<K extends OperationName>(operation: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
      const result = last.then(() =>
        operation === "run" ? (sendRun(request as RunRequest) as Promise<ReplyOf<K>>) : send(operation, request),
      );
      last = result.catch(() => undefined);
      return result;
    },
    async close() {
      stop(new BackendError(name, "the backend was disposed before this was done."));
      worker?.terminate();
    },
  };
}
