/** The page of the tests of stored bytes: each request has a worker of its own. */
import type { StoredReport, StoredRequest } from "./stored-worker.js";

async function readStored(request: StoredRequest): Promise<StoredReport> {
  const worker = new Worker("/stored-worker.js", { type: "module" });
  const report = new Promise<StoredReport>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<StoredReport>) => resolve(data);
  });
  worker.postMessage(request);
  return report.finally(() => worker.terminate());
}

Object.assign(globalThis, { smolvlmTest: { readStored } });
