import { Worker } from "node:worker_threads";
import { BackendError } from "@smolvlm/contracts";
import type { ConvertedRows, RowsConverter, RowsRequest } from "@smolvlm/model-core";

/** What the worker answers. */
export interface ConvertReply {
  readonly id: number;
  readonly rows?: ConvertedRows | undefined;
  readonly problem?: string | undefined;
}

interface Waiting {
  readonly resolve: (rows: ConvertedRows) => void;
  readonly reject: (error: unknown) => void;
}

/** Converts weights in a worker thread, started when first used, so that the event loop stays free. Disposing it ends the thread;
 * another conversion starts a new one. */
export function workerConverter(): RowsConverter & AsyncDisposable {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let lastId = 0;

  function fail(started: Worker, problem: string, cause?: unknown): void {
    if (worker !== started) return;
    for (const { reject } of waiting.values()) reject(new BackendError("the converting thread", problem, { cause }));
    waiting.clear();
    worker = undefined;
  }

  function start(): Worker {
    const started = new Worker(new URL("./convert-worker.js", import.meta.url), { execArgv: [] });
    started.on("message", ({ id, rows, problem }: ConvertReply) => {
      const call = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) started.unref();
      if (rows) call?.resolve(rows);
      else call?.reject(new BackendError("the converting thread", problem ?? "gave nothing."));
    });
    started.on("error", (cause) => fail(started, `failed: ${cause.message}`, cause));
    started.on("exit", (code) => fail(started, `ended with exit code ${code}; load again.`));
    return started;
  }

  return {
    convert(request: RowsRequest) {
      const target = (worker ??= start());
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        target.ref();
        const { buffer, byteOffset, byteLength } = request.bytes;
        // Bytes that share their buffer with others are copied; a buffer of their own is moved.
        const isOwn = buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength;
        target.postMessage({ id, request }, isOwn ? [buffer] : []);
      });
    },
    async [Symbol.asyncDispose]() {
      const started = worker;
      if (!started) return;
      fail(started, "was ended.");
      await started.terminate();
    },
  };
}
