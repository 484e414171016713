import { expect, test } from "vitest";
import type { Session } from "../backend.js";
import { BackendError } from "../errors.js";
import { tensor, type Tensor } from "../tensor.js";
import {
  delay,
  float32,
  identityMatrix,
  isIdentity,
  outputOf,
  plainGraph,
  rejection,
  type SuiteContext,
} from "./suite-context.js";

const a = float32([3], [1, 2, 3]);
const b = float32([3], [10, 20, 30]);

/** Feeds, outputs, errors, queueing and abort. */
export function runCases({ create, backend, helpers }: SuiteContext): void {
  test("gives all outputs, or those asked for", async () => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    expect(await session.run({ a, b })).toEqual({
      sum: float32([3], [11, 22, 33]),
      product: float32([3], [10, 40, 90]),
    });
    expect(await session.run({ a, b }, { outputs: ["product"] })).toEqual({ product: float32([3], [10, 40, 90]) });
  });

  test("keeps element types", async () => {
    await using session = await backend().createSession(plainGraph("types"));
    const outputs = await session.run({
      mask: tensor("bool", [3], Uint8Array.of(1, 0, 1)),
      a: tensor("int32", [3], Int32Array.of(1, 2, -3)),
      b: tensor("int32", [3], Int32Array.of(4, 5, 6)),
      byte: tensor("uint8", [3], Uint8Array.of(200, 0, 7)),
    });
    expect(outputs).toEqual({
      not: tensor("bool", [3], Uint8Array.of(0, 1, 0)),
      chosen: tensor("int32", [3], Int32Array.of(1, 5, -3)),
      bytes: tensor("uint8", [3], Uint8Array.of(200, 0, 7)),
    });
  });

  test("keeps 64-bit integers and scalars", async () => {
    await using own = await (helpers.createWithHost ?? create)();
    await using session = await own.createSession(plainGraph("longs"));
    const outputs = await session.run({
      long: tensor("int64", [3], BigInt64Array.of(1n, -2n, 2n ** 40n)),
      byte: tensor("uint8", [], Uint8Array.of(200)),
    });
    expect(outputs).toEqual({
      doubled: tensor("int64", [3], BigInt64Array.of(2n, -4n, 2n ** 41n)),
      bytes: tensor("uint8", [], Uint8Array.of(200)),
    });
  });

  test("takes empty tensors and views into larger buffers", async () => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    const empty = await session.run({ a: float32([0], []), b: float32([0], []) });
    expect(empty["sum"]).toEqual(float32([0], []));
    const whole = Float32Array.of(7, 1, 2, 3, 7);
    const { sum } = await session.run({ a: tensor("float32", [3], whole.subarray(1, 4)), b });
    expect(sum).toEqual(float32([3], [11, 22, 33]));
    expect([...whole]).toEqual([7, 1, 2, 3, 7]);
  });

  test("neither changes nor takes the feeds", async () => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    const feeds = { a: float32([3], [1, 2, 3]), b: float32([3], [10, 20, 30]) };
    const sum = outputOf(await session.run(feeds), "sum");
    (sum.data as Float32Array).fill(0);
    expect(feeds).toEqual({ a, b });
    expect((await session.run(feeds))["sum"]).toEqual(float32([3], [11, 22, 33]));
  });

  test.each<[string, Record<string, Tensor>, RegExp]>([
    ["a missing input", { a }, /\bb\b.*missing/],
    ["a wrong element type", { a, b: tensor("int32", [3], Int32Array.of(1, 2, 3)) }, /\bb\b.*float32.*int32/],
    ["a wrong rank", { a, b: float32([1, 3], [1, 2, 3]) }, /\bb\b.*\[1, 3\]/],
  ])("refuses %s and names it", async (_, feeds, message) => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    await expectBackendError(session.run(feeds), message);
    expect((await session.run({ a, b }))["sum"]).toEqual(float32([3], [11, 22, 33]));
  });

  test("refuses an output that does not exist", async () => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    await expectBackendError(session.run({ a, b }, { outputs: ["sum", "difference"] }), /difference.*sum, product/);
  });

  test("tells why a kernel failed, and can be used again", async () => {
    await using session = await backend().createSession(plainGraph("sixOnly"));
    const error = await expectBackendError(session.run({ x: float32([5], [1, 2, 3, 4, 5]) }), /sixOnly/);
    expect(error.message.length).toBeGreaterThan(60);
    expect(error.message).not.toContain("\n");
    expect(error.cause).toBeDefined();
    expect((await session.run({ x: float32([6], [1, 2, 3, 4, 5, 6]) }))["y"]).toEqual(
      float32([2, 3], [1, 2, 3, 4, 5, 6]),
    );
  });

  test("queues runs that are started together, in one session and in several", async () => {
    await using first = await backend().createSession(plainGraph("twoOutputs"));
    await using second = await backend().createSession(plainGraph("twoOutputs"));
    const order: number[] = [];
    const sums = Array.from({ length: 20 }, async (_, i) => {
      const session: Session = i % 2 === 0 ? first : second;
      const sum = outputOf(await session.run({ a: float32([1], [i]), b: float32([1], [0.5]) }), "sum");
      order.push(i);
      return sum.data[0];
    });
    expect(await Promise.all(sums)).toEqual(Array.from({ length: 20 }, (_, i) => i + 0.5));
    expect(order).toEqual(order.toSorted((p, q) => p - q));
  });

  test("does not start a run whose signal is aborted", async () => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    const signal = AbortSignal.abort(new DOMException("enough", "AbortError"));
    expect(await rejection(session.run({ a, b }, { signal }))).toBe(signal.reason);
  });

  test("an unused signal changes nothing", async () => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    const { signal } = new AbortController();
    expect((await session.run({ a, b }, { signal }))["sum"]).toEqual(float32([3], [11, 22, 33]));
  });

  test("withdraws a run that waits at once when its signal is aborted; the others go on", async () => {
    await using session = await backend().createSession(plainGraph("slow"));
    const feed = identityMatrix(128);
    const abort = new AbortController();
    const before = session.run({ x: feed });
    const withdrawn = rejection(session.run({ x: feed }, { signal: abort.signal }));
    const after = session.run({ x: feed });
    const first = Promise.race([before.then(() => "before"), withdrawn.then(() => "withdrawn")]);
    abort.abort();
    expect(await first).toBe("withdrawn");
    expect(await withdrawn).toBe(abort.signal.reason);
    for (const run of [before, after]) expect(isIdentity(await run, feed)).toBe(true);
  });

  if (helpers.blocksEventLoop) return;

  test("drops the result of a run whose signal is aborted meanwhile", async () => {
    await using session = await backend().createSession(plainGraph("slow"));
    const { x, duration } = await longRun(session);
    const abort = new AbortController();
    const run = rejection(session.run({ x }, { signal: abort.signal }));
    await delay(duration / 4);
    abort.abort();
    expect(await run).toBe(abort.signal.reason);
  });

  test("leaves the event loop free during a run", async () => {
    await using session = await backend().createSession(plainGraph("slow"));
    const { x } = await longRun(session);
    const start = performance.now();
    let last = start;
    let ticks = 0;
    let longestGap = 0;
    const tick = (): void => {
      const now = performance.now();
      ticks++;
      longestGap = Math.max(longestGap, now - last);
      last = now;
    };
    const timer = setInterval(tick, 5);
    await session.run({ x });
    clearInterval(timer);
    const duration = performance.now() - start;
    expect(ticks).toBeGreaterThanOrEqual(5);
    expect(longestGap).toBeLessThan(duration / 2);
  });
}

/** A feed with which the `slow` graph runs long enough to watch, however fast the machine is, and about how long in milliseconds. */
async function longRun(session: Session): Promise<{ x: Tensor; duration: number }> {
  for (let size = 64; ; size *= 2) {
    const x = identityMatrix(size);
    const start = performance.now();
    await session.run({ x });
    const duration = performance.now() - start;
    if (duration > 150) return { x, duration };
  }
}

async function expectBackendError(promise: Promise<unknown>, message: RegExp): Promise<BackendError> {
  const error = await rejection(promise);
  expect(BackendError.isInstance(error)).toBe(true);
  expect((error as BackendError).message).toMatch(message);
  return error as BackendError;
}
