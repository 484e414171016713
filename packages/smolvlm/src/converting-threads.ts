import { BackendError } from "@smolvlm/contracts";
import type { ConvertedRows, RowsConverter, RowsRequest } from "@smolvlm/model-core";

/** How long a thread waits for something to do before it ends, milliseconds: between two weights there is a moment, to start another takes one. */
const IDLE_MS = 1000;

/** What a converting thread is asked. */
export interface ConvertCall {
  readonly id: number;
  readonly request: RowsRequest;
}

/** What it answers. */
export interface ConvertReply {
  readonly id: number;
  readonly rows?: ConvertedRows | undefined;
  readonly problem?: string | undefined;
}

/** One thread of a platform. */
export interface ConvertingThread {
  send(call: ConvertCall, moved: ArrayBuffer[]): void;
  /** Told whether the program has to wait for it. */
  hold?(isBusy: boolean): void;
  end(): unknown;
}

/** What a thread reports. */
export interface ThreadReports {
  reply(reply: ConvertReply): void;
  /** It can do no more. */
  fail(problem: string, cause?: unknown): void;
}

interface Waiting {
  readonly thread: ConvertingThread;
  readonly resolve: (rows: ConvertedRows) => void;
  readonly reject: (error: unknown) => void;
}

/** What a thread has to do. */
interface Work {
  requests: number;
  /** Ends the thread where it has none. */
  timer?: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Converts weights in `count` threads, each started when there is something for it to do. They end when there has been nothing for a while, or
 * are ended by disposing; another conversion, of weights that have been deleted since, starts new ones.
 */
export function convertingThreads(
  count: number,
  start: (reports: ThreadReports) => ConvertingThread,
): RowsConverter & AsyncDisposable {
  const waiting = new Map<number, Waiting>();
  const threads = new Map<ConvertingThread, Work>();
  let lastId = 0;

  function done(id: number): Waiting | undefined {
    const call = waiting.get(id);
    const work = call && threads.get(call.thread);
    if (!work) return undefined;
    waiting.delete(id);
    if (--work.requests === 0) {
      call.thread.hold?.(false);
      work.timer = setTimeout(() => end(call.thread), IDLE_MS);
    }
    return call;
  }

  function end(thread: ConvertingThread): unknown {
    lose(thread, "was ended.");
    return thread.end();
  }

  function lose(thread: ConvertingThread, problem: string, cause?: unknown): void {
    clearTimeout(threads.get(thread)?.timer);
    if (!threads.delete(thread)) return;
    for (const [id, call] of waiting) {
      if (call.thread !== thread) continue;
      waiting.delete(id);
      call.reject(new BackendError("the converting thread", problem, { cause }));
    }
  }

  function add(): ConvertingThread {
    const thread = start({
      reply({ id, rows, problem }) {
        const call = done(id);
        if (rows) call?.resolve(rows);
        else call?.reject(new BackendError("the converting thread", problem ?? "gave nothing."));
      },
      fail: (problem, cause) => lose(thread, problem, cause),
    });
    threads.set(thread, { requests: 0 });
    return thread;
  }

  /** The one with least to do; a new one while all have something and there may be more. */
  function next(): ConvertingThread {
    const [least] = [...threads].sort(([, a], [, b]) => a.requests - b.requests);
    return least && (least[1].requests === 0 || threads.size >= count) ? least[0] : add();
  }

  return {
    convert(request) {
      const thread = next();
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { thread, resolve, reject });
        const work = threads.get(thread) as Work;
        clearTimeout(work.timer);
        work.requests++;
        thread.hold?.(true);
        const { buffer, byteOffset, byteLength } = request.bytes;
        // Bytes that share their buffer with others are copied; a buffer of their own is moved.
        const isOwn = buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength;
        thread.send({ id, request }, isOwn ? [buffer] : []);
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...threads.keys()].map(end));
    },
  };
}
