import { BackendError } from "@smolvlm/contracts";
import type { ConvertedRows, RowsRequest } from "@smolvlm/model-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { convertingThreads, type ConvertCall, type ThreadReports } from "./converting-threads.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const request: RowsRequest = { bytes: new Uint8Array(4), type: "F32", columns: 1, format: "fp32" };
const rows: ConvertedRows = { parts: [], squaredError: 0, squaredSum: 0, relativeErrors: 0, count: 0, notFinite: 0 };

/** Threads that answer when they are told to, and how many of them run. */
function threads(count: number) {
  const calls: (() => void)[] = [];
  let running = 0;
  const start = ({ reply }: ThreadReports) => {
    running++;
    return { send: ({ id }: ConvertCall) => void calls.push(() => reply({ id, rows })), end: () => void running-- };
  };
  return {
    converter: convertingThreads(count, start),
    answer: () => calls.splice(0).forEach((call) => call()),
    running: () => running,
  };
}

test("as many threads as there is work for, until they are disposed of", async () => {
  const { converter, answer, running } = threads(2);
  const first = converter.convert(request);
  expect(running()).toBe(1);
  answer();
  expect(await first).toBe(rows);
  const three = [0, 1, 2].map(() => converter.convert(request));
  expect(running()).toBe(2);
  answer();
  await Promise.all(three);
  const unanswered = expect(converter.convert(request)).rejects.toSatisfy((error) => BackendError.isInstance(error));
  await converter[Symbol.asyncDispose]();
  await unanswered;
  expect(running()).toBe(0);
  // Nothing keeps the program alive.
  expect(vi.getTimerCount()).toBe(0);
});

test("threads that have had nothing to do for a while end, also those that are started after disposal", async () => {
  const { converter, answer, running } = threads(1);
  await converter[Symbol.asyncDispose]();
  for (let weight = 0; weight < 3; weight++) {
    const converted = converter.convert(request);
    expect(running()).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect(running()).toBe(1);
    answer();
    await converted;
    vi.advanceTimersByTime(900);
  }
  expect(running()).toBe(1);
  vi.advanceTimersByTime(200);
  expect(running()).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
