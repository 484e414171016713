import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { RowsConverter } from "@smolvlm/model-core";
import { convertingThreads, type ConvertReply } from "../converting-threads.js";

/** More are no faster: then reading and writing the files takes the time. */
const MAX_THREADS = 2;

/** Converts weights in worker threads, started when first used, so that the event loop stays free. Disposing it ends them. */
export function workerConverter(): RowsConverter & AsyncDisposable {
  return convertingThreads(Math.min(MAX_THREADS, availableParallelism()), ({ reply, fail }) => {
    const worker = new Worker(new URL("./convert-worker.js", import.meta.url), { execArgv: [] });
    worker.on("message", (message: ConvertReply) => reply(message));
    worker.on("error", (cause) => fail(`failed: ${cause.message}`, cause));
    worker.on("exit", (code) => fail(`ended with exit code ${code}; load again.`));
    return {
      send: (call, moved) => worker.postMessage(call, moved),
      hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
      end: () => worker.terminate(),
    };
  });
}
