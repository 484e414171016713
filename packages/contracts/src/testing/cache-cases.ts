import { afterAll, beforeAll, expect, test } from "vitest";
import type { KeyValueCache, Session } from "../backend.js";
import { BackendError, DisposedError, InvalidArgumentError } from "../errors.js";
import {
  attentionError,
  attentionFeeds,
  attentionGraph,
  attentionInputs,
  attentionLayout,
  AttentionReference,
  randomStep,
  seededRandom,
  soloStep,
  type AttentionStep,
} from "./attention-reference.js";
import { delay, float32, outputOf, plainGraph, rejection, type SuiteContext } from "./suite-context.js";
import type { Tensor } from "../tensor.js";

/** float32 attention over at most a few hundred values of order 1. */
const TOLERANCE = 1e-5;
const { keyValueHeads, headDim, maxLength } = attentionLayout;
const bytesPerPosition = 2 * keyValueHeads * headDim * Float32Array.BYTES_PER_ELEMENT;

/** The cache of a session, against attention written out in float64. */
export function cacheCases({ backend, helpers }: SuiteContext): void {
  let session: Session;
  const graph = () => attentionGraph(backend().target);
  beforeAll(async () => {
    session = await backend().createSession(graph());
  });
  afterAll(async () => {
    await session[Symbol.asyncDispose]();
  });

  async function attendedIn(cache: KeyValueCache, step: AttentionStep): Promise<Tensor> {
    const outputs = await session.run(attentionFeeds(step, cache.lengths), { cache, newLengths: step.newLengths });
    expect(Object.keys(outputs)).toEqual(["attended"]);
    return outputOf(outputs, "attended");
  }

  /** Runs `step` on both and gives how far they are apart. */
  async function errorOf(cache: KeyValueCache, reference: AttentionReference, step: AttentionStep): Promise<number> {
    const attended = await attendedIn(cache, step);
    const error = attentionError(step, attended, reference.append(step));
    expect(cache.lengths).toEqual(reference.lengths);
    return error;
  }

  test("its inputs and outputs are not the caller's", () => {
    expect(session.inputNames).toEqual(attentionInputs(backend().target));
    expect(session.outputNames).toEqual(["attended"]);
  });

  test("a new cache is empty", async () => {
    await using cache = await session.createCache(3);
    expect(cache.batch).toBe(3);
    expect(cache.lengths).toEqual([0, 0, 0]);
  });

  test("a ragged prompt and ragged decoding match the reference", async () => {
    const random = seededRandom(1);
    await using cache = await session.createCache(3);
    const reference = new AttentionReference(3);
    expect(await errorOf(cache, reference, randomStep(random, [5, 2, 7]))).toBeLessThan(TOLERANCE);
    for (let i = 0; i < 6; i++) {
      expect(await errorOf(cache, reference, randomStep(random, [1, 1, 1]))).toBeLessThan(TOLERANCE);
    }
    expect(cache.lengths).toEqual([11, 8, 13]);
  });

  test("a row may gain nothing while others go on", async () => {
    const random = seededRandom(2);
    await using cache = await session.createCache(2);
    const reference = new AttentionReference(2);
    expect(await errorOf(cache, reference, randomStep(random, [4, 0]))).toBeLessThan(TOLERANCE);
    for (const counts of [
      [1, 0],
      [0, 1],
      [1, 1],
    ]) {
      expect(await errorOf(cache, reference, randomStep(random, counts, 1))).toBeLessThan(TOLERANCE);
    }
    expect(cache.lengths).toEqual([6, 2]);
  });

  test("a prompt in chunks matches the reference", async () => {
    const random = seededRandom(3);
    await using cache = await session.createCache(1);
    const reference = new AttentionReference(1);
    for (const [used, positions] of [
      [9, 9],
      [4, 9],
      [250, 250],
      [1, 1],
      [30, 33],
    ] as const) {
      expect(await errorOf(cache, reference, randomStep(random, [used], positions))).toBeLessThan(TOLERANCE);
    }
  });

  test("grows past 256 and past 512 positions, row by row", async () => {
    const random = seededRandom(4);
    await using cache = await session.createCache(2);
    const reference = new AttentionReference(2);
    expect(await errorOf(cache, reference, randomStep(random, [254, 100]))).toBeLessThan(TOLERANCE);
    const small = cache.byteLength;
    for (let i = 0; i < 5; i++) {
      expect(await errorOf(cache, reference, randomStep(random, [1, 1]))).toBeLessThan(TOLERANCE);
    }
    expect(cache.lengths).toEqual([259, 105]);
    expect(cache.byteLength).toBeGreaterThan(small);
    expect(cache.byteLength).toBeGreaterThanOrEqual(2 * 259 * bytesPerPosition);

    await using long = await session.createCache(1);
    const longReference = new AttentionReference(1);
    for (const count of [400, 200, 1]) {
      expect(await errorOf(long, longReference, randomStep(random, [count]))).toBeLessThan(TOLERANCE);
    }
  });

  test("a ragged batch gives each row what it gets alone", async () => {
    const random = seededRandom(5);
    const steps = [
      [6, 1, 3],
      [1, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ].map((counts) => randomStep(random, counts));
    await using cache = await session.createCache(3);
    const batched: { step: AttentionStep; data: Tensor["data"] }[] = [];
    for (const step of steps) batched.push({ step, data: (await attendedIn(cache, step)).data });
    for (let row = 0; row < 3; row++) {
      await using solo = await session.createCache(1);
      for (const { step, data } of batched) {
        const own = soloStep(step, row);
        const attended = await attendedIn(solo, own);
        const start = (row * data.length) / 3;
        const inBatch = Float64Array.from(data.slice(start, start + attended.data.length) as Float32Array);
        expect(attentionError(own, attended, [inBatch])).toBeLessThan(1e-6);
      }
    }
  });

  test("rewinds, and goes on from there", async () => {
    const random = seededRandom(6);
    await using cache = await session.createCache(2);
    const reference = new AttentionReference(2);
    await errorOf(cache, reference, randomStep(random, [300, 20]));
    await cache.rewind([120, 20]);
    reference.rewind([120, 20]);
    expect(cache.lengths).toEqual([120, 20]);
    expect(await errorOf(cache, reference, randomStep(random, [1, 1]))).toBeLessThan(TOLERANCE);
    await cache.rewind([0, 0]);
    reference.rewind([0, 0]);
    expect(await errorOf(cache, reference, randomStep(random, [3, 5]))).toBeLessThan(TOLERANCE);
  });

  test("forks into rows that go their own way", async () => {
    const random = seededRandom(7);
    await using cache = await session.createCache(2);
    const reference = new AttentionReference(2);
    await errorOf(cache, reference, randomStep(random, [8, 3]));
    await using fork = await cache.fork([1, 1, 0]);
    const forkReference = reference.fork([1, 1, 0]);
    expect(fork.lengths).toEqual([3, 3, 8]);
    expect(await errorOf(fork, forkReference, randomStep(random, [1, 1, 1]))).toBeLessThan(TOLERANCE);
    expect(await errorOf(cache, reference, randomStep(random, [1, 1]))).toBeLessThan(TOLERANCE);
    expect(await errorOf(fork, forkReference, randomStep(random, [1, 1, 1]))).toBeLessThan(TOLERANCE);
    await using whole = await cache.fork();
    await cache[Symbol.asyncDispose]();
    expect(await errorOf(whole, reference, randomStep(random, [1, 1]))).toBeLessThan(TOLERANCE);
  });

  test("refuses what does not fit, and stays as it was", async () => {
    const random = seededRandom(9);
    await using cache = await session.createCache(2);
    const reference = new AttentionReference(2);
    await errorOf(cache, reference, randomStep(random, [3, maxLength - 1]));
    const step = randomStep(random, [2, 2]);
    const feeds = attentionFeeds(step, cache.lengths);
    const one = attentionFeeds(randomStep(random, [1, 1]), cache.lengths);
    for (const [run, newLengths] of [
      [feeds, [2, 2]], // row 1 would be too long
      [one, [1]],
      [one, [1, -1]],
      [one, [0.5, 1]],
      [one, [2, 1]], // more than the run has
    ] as const) {
      expect(InvalidArgumentError.isInstance(await rejection(session.run(run, { cache, newLengths })))).toBe(true);
    }
    for (const lengths of [[3], [4, 5], [-1, 0], [0.5, 1]]) {
      expect(InvalidArgumentError.isInstance(await rejection(cache.rewind(lengths)))).toBe(true);
    }
    for (const rows of [[], [2], [-1], [0.5]]) {
      expect(InvalidArgumentError.isInstance(await rejection(cache.fork(rows)))).toBe(true);
    }
    for (const batch of [0, -1, 1.5, NaN]) {
      expect(InvalidArgumentError.isInstance(await rejection(session.createCache(batch)))).toBe(true);
    }
    expect(cache.lengths).toEqual([3, maxLength - 1]);
    expect(await errorOf(cache, reference, randomStep(random, [1, 1]))).toBeLessThan(TOLERANCE);
  });

  test("must be given where the graph has one, and only there, by the session that made it", async () => {
    const random = seededRandom(10);
    const step = randomStep(random, [2]);
    const feeds = attentionFeeds(step, [0]);
    await using other = await backend().createSession(graph());
    await using foreign = await other.createCache(1);
    await using cache = await session.createCache(1);
    await using plain = await backend().createSession(plainGraph("twoOutputs"));
    const plainFeeds = { a: float32([1], [1]), b: float32([1], [2]) };
    for (const run of [
      session.run(feeds),
      session.run(feeds, { cache }),
      session.run(feeds, { cache: foreign, newLengths: [2] }),
      plain.run(plainFeeds, { cache, newLengths: [1] }),
      plain.createCache(1),
    ]) {
      expect(BackendError.isInstance(await rejection(run))).toBe(true);
    }
  });

  test("a failed run leaves it as it was", async () => {
    const random = seededRandom(11);
    await using cache = await session.createCache(2);
    const reference = new AttentionReference(2);
    await errorOf(cache, reference, randomStep(random, [4, 2]));
    const step = randomStep(random, [1, 1]);
    const wrong = { ...attentionFeeds(step, cache.lengths), key: float32([2, 1, 15], new Array<number>(30).fill(0)) };
    expect(BackendError.isInstance(await rejection(session.run(wrong, { cache, newLengths: [1, 1] })))).toBe(true);
    expect(await errorOf(cache, reference, step)).toBeLessThan(TOLERANCE);
  });

  test("a run either extends it or is aborted", async () => {
    const random = seededRandom(12);
    await using cache = await session.createCache(1);
    const step = randomStep(random, [maxLength]);
    const abort = new AbortController();
    const run = session.run(attentionFeeds(step, [0]), { cache, newLengths: step.newLengths, signal: abort.signal });
    if (!helpers.blocksEventLoop) await delay(1);
    abort.abort();
    const error = await rejection(run);
    expect(cache.lengths).toEqual([error === undefined ? maxLength : 0]);
    await using copy = await cache.fork();
    expect(copy.lengths).toEqual(cache.lengths);
  });

  test("is gone after it was disposed, or its session was", async () => {
    const step = randomStep(seededRandom(13), [2]);
    const feeds = attentionFeeds(step, [0]);
    const cache = await session.createCache(1);
    await session.run(feeds, { cache, newLengths: [2] });
    await cache[Symbol.asyncDispose]();
    await cache[Symbol.asyncDispose]();
    expect(cache.byteLength).toBe(0);
    const other = await backend().createSession(graph());
    const orphan = await other.createCache(1);
    await other[Symbol.asyncDispose]();
    expect(orphan.byteLength).toBe(0);
    for (const use of [
      session.run(feeds, { cache, newLengths: [2] }),
      cache.rewind([0]),
      cache.fork(),
      other.run(feeds, { cache: orphan, newLengths: [2] }),
      orphan.fork(),
    ]) {
      expect(DisposedError.isInstance(await rejection(use))).toBe(true);
    }
    await orphan[Symbol.asyncDispose]();
  });
}
