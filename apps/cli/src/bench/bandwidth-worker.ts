import { parentPort } from "node:worker_threads";
import { openReader } from "./bandwidth-reader.js";

/** A thread of `bandwidthMeter`: reads its memory as often as it is told. */
async function serve(): Promise<void> {
  const read = await openReader();
  parentPort?.on("message", () => parentPort?.postMessage(read()));
}

await serve();
