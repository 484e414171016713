import { parentPort, type MessagePort } from "node:worker_threads";
import { convertRows, type RowsRequest } from "@smolvlm/model-core";
import type { ConvertReply } from "./worker-converter.js";

const port = parentPort as MessagePort;
port.on("message", ({ id, request }: { readonly id: number; readonly request: RowsRequest }) => {
  try {
    const rows = convertRows(request);
    port.postMessage({ id, rows } satisfies ConvertReply, [...new Set(rows.parts.map(({ buffer }) => buffer))]);
  } catch (error) {
    port.postMessage({ id, problem: error instanceof Error ? error.message : String(error) } satisfies ConvertReply);
  }
});
