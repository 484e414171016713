import { BackendError } from "@smolvlm/contracts";
import type { ConvertedRows, RowsConverter, RowsRequest } from "@smolvlm/model-core";

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

/**
 * Converts weights in `count` threads, each started when there is something for it to do. Disposing ends them; another conversion starts
 * new ones.
 */
export function convertingThreads(
  count: number,
  start: (reports: ThreadReports) => ConvertingThread,
): RowsConverter & AsyncDisposable {
  const waiting = new Map<number, Waiting>();
  /** How many requests each has. */
  const threads = new Map<ConvertingThread, number>();
  let lastId = 0;

  function done(id: number): Waiting | undefined {
    const call = waiting.get(id);
    waiting.delete(id);
    const rest = call && (threads.get(call.thread) ?? 0) - 1;
    if (rest === undefined) return undefined;
    threads.set((call as Waiting).thread, rest);
    if (rest === 0) call?.thread.hold?.(false);
    return call;
  }

  function lose(thread: ConvertingThread, problem: string, cause?: unknown): void {
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
    threads.set(thread, 0);
    return thread;
  }

  /** The one with least to do; a new one while all have something and there may be more. */
  function next(): ConvertingThread {
    const [least] = [...threads].sort(([, a], [, b]) => a - b);
    return least && (least[1] === 0 || threads.size >= count) ? least[0] : add();
  }

  return {
    convert(request) {
      const thread = next();
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { thread, resolve, reject });
        threads.set(thread, (threads.get(thread) ?? 0) + 1);
        thread.hold?.(true);
        const { buffer, byteOffset, byteLength } = request.bytes;
        // Bytes that share their buffer with others are copied; a buffer of their own is moved.
        const isOwn = buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength;
        thread.send({ id, request }, isOwn ? [buffer] : []);
      });
    },
    async [Symbol.asyncDispose]() {
      const all = [...threads.keys()];
      for (const thread of all) lose(thread, "was ended.");
      await Promise.all(all.map((thread) => thread.end()));
    },
  };
}
