import type { RowsConverter } from "@smolvlm/model-core";
import { convertingThreads, type ConvertReply } from "../converting-threads.js";

/** More are no faster: then reading and storing the weights takes the time. */
const MAX_THREADS = 2;

/**
 * Converts weights in web workers, so that the page stays free. Where their script cannot be loaded (a bundler that left it out, a content
 * security policy), `otherwise` converts. Disposing ends the workers.
 */
export function workerConverter(otherwise: RowsConverter): RowsConverter & AsyncDisposable {
  /** The first worker, until it has something to do. */
  let first: Worker | undefined;
  let canWork: Promise<boolean> | undefined;
  const threads = convertingThreads(Math.min(MAX_THREADS, navigator.hardwareConcurrency), ({ reply, fail }) => {
    const worker = first ?? open();
    first = undefined;
    worker.onmessage = ({ data }: MessageEvent<ConvertReply>) => reply(data);
    worker.onerror = ({ message }) => fail(`failed: ${message}`);
    return { send: (call, moved) => worker.postMessage(call, moved), end: () => worker.terminate() };
  });
  return {
    async convert(request) {
      canWork ??= loaded().then((worker) => (first = worker) !== undefined);
      return (await canWork) ? threads.convert(request) : otherwise.convert(request);
    },
    async [Symbol.asyncDispose]() {
      await canWork;
      first?.terminate();
      first = undefined;
      await threads[Symbol.asyncDispose]();
    },
  };
}

// Written in one expression, as bundlers look for it.
const open = (): Worker => new Worker(new URL("./convert-worker.js", import.meta.url), { type: "module" });

/** A worker that has said that it is there; undefined where its script cannot be loaded. */
async function loaded(): Promise<Worker | undefined> {
  try {
    const worker = open();
    return await new Promise((resolve) => {
      worker.onmessage = () => resolve(worker);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(undefined);
      };
    });
  } catch {
    // A content security policy may also refuse at once.
    return undefined;
  }
}
