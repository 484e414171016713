import { parentPort } from "node:worker_threads";
import { compileReader, READER_BYTES } from "./bandwidth-reader.js";

/** When a reader began and ended, in milliseconds since the epoch. */
export interface ReadSpan {
  readonly start: number;
  readonly end: number;
}

/** A thread of `bandwidthMeter`: reads its memory as often as it is told. */
async function serve(): Promise<void> {
  const { read, memory } = await compileReader();
  new Float64Array(memory.buffer).fill(1);
  read(0, READER_BYTES); // compiled and paged in
  const now = (): number => performance.timeOrigin + performance.now();
  parentPort?.on("message", (passes: number) => {
    const start = now();
    for (let pass = 0; pass < passes; pass++) read(0, READER_BYTES);
    parentPort?.postMessage({ start, end: now() } satisfies ReadSpan);
  });
}

await serve();
