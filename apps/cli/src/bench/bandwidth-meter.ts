import { Worker } from "node:worker_threads";
import { rateOf, type ReadSpan } from "./bandwidth-reader.js";

/** How often memory is read for one figure: what else the machine does makes it smaller, never larger. */
const TRIES = 3;

/** Measures how fast some threads read memory together. It holds 256 MiB a thread until it is closed. */
export interface BandwidthMeter {
  /** Bytes a second over all threads, the best of three tries. */
  measure(): Promise<number>;
  close(): Promise<void>;
}

/** Starts the threads. */
export function bandwidthMeter(threads: number): BandwidthMeter {
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL("./bandwidth-worker.js", import.meta.url), { execArgv: [] }),
  );
  return {
    async measure() {
      let best = 0;
      for (let tried = 0; tried < TRIES; tried++) best = Math.max(best, rateOf(await Promise.all(workers.map(ask))));
      return best;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker): Promise<ReadSpan> {
  return new Promise((resolve, reject) => {
    worker.once("message", (span: ReadSpan) => {
      worker.off("error", reject);
      resolve(span);
    });
    worker.once("error", reject);
    worker.postMessage(undefined);
  });
}
