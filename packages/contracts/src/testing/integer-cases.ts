import { expect, test } from "vitest";
import { BackendError } from "../errors.js";
import { tensor, type Tensor } from "../tensor.js";
import {
  attentionError,
  attentionFeeds,
  attentionGraph,
  attentionLayout,
  AttentionReference,
  randomStep,
  seededRandom,
} from "./attention-reference.js";
import { outputOf, plainGraph, rejection, type SuiteContext } from "./suite-context.js";

const ROWS = 3;
const CHANNELS = 64;
const FEATURES = 16;
/** float32 attention over values of order 1, which both sides round to the same integers. */
const TOLERANCE = 1e-5;

/** What a backend's target says of integers: products with int8 weights, and an int8 cache. */
export function integerCases({ backend }: SuiteContext): void {
  test("multiplies rows of integers without overflow, or refuses to", async () => {
    const { rowwiseBits } = backend().target.quantizedMatMul;
    const { graph, feeds, expected } = integerProduct(rowwiseBits === 0 ? 8 : rowwiseBits);
    if (rowwiseBits === 0) {
      const error = await rejection(backend().createSession(graph));
      expect(BackendError.isInstance(error)).toBe(true);
      expect((error as BackendError).message).toContain(graph.name);
      return;
    }
    await using session = await backend().createSession(graph);
    // One row is another kernel than several.
    for (const rows of [ROWS, 1]) {
      const steps = tensor("uint8", [rows, CHANNELS], feeds.steps.data.slice(0, rows * CHANNELS));
      const y = outputOf(await session.run({ ...feeds, steps }), "y");
      expect(y.dims).toEqual([rows, FEATURES]);
      expect([...y.data]).toEqual(expected.slice(0, rows * FEATURES));
    }
  });

  test("keeps an int8 cache with a scale for each position of each head, or refuses to", async () => {
    const { target } = backend();
    const graph = attentionGraph(target, "int8");
    await using session = await backend().createSession(graph);
    if (target.keyValueCache === "in-place") {
      expect(BackendError.isInstance(await rejection(session.createCache(2)))).toBe(true);
      return;
    }
    const random = seededRandom(20);
    let cache = await session.createCache(2);
    let reference = new AttentionReference(2, "int8");
    const bytesPerPosition = 2 * attentionLayout.keyValueHeads * (attentionLayout.headDim + 4);
    const run = async (newLengths: readonly number[]): Promise<void> => {
      const step = randomStep(random, newLengths);
      const outputs = await session.run(attentionFeeds(step, cache.lengths), { cache, newLengths });
      expect(Object.keys(outputs)).toEqual(["attended"]);
      const error = attentionError(step, outputOf(outputs, "attended"), reference.append(step));
      expect(error).toBeLessThan(TOLERANCE);
      expect(cache.lengths).toEqual(reference.lengths);
      expect(cache.byteLength % bytesPerPosition).toBe(0);
    };
    await run([5, 2]);
    await run([1, 1]);
    await cache.rewind([3, 3]);
    reference.rewind([3, 3]);
    await run([1, 1]);
    const fork = await cache.fork([1, 0, 1]);
    await cache[Symbol.asyncDispose]();
    [cache, reference] = [fork, reference.fork([1, 0, 1])];
    for (let i = 0; i < 2; i++) await run([1, 1, 1]);
    await cache[Symbol.asyncDispose]();

    // Past the first 256 positions, where buffers grow.
    [cache, reference] = [await session.createCache(1), new AttentionReference(1, "int8")];
    for (const count of [254, 1, 1, 1, 1]) await run([count]);
    await cache[Symbol.asyncDispose]();
  });
}

/** A product of integers of so many bits whose sums are as large as they can be in its last row, and what it is. */
function integerProduct(bits: number) {
  const random = seededRandom(bits);
  const most = 2 ** bits - 1;
  const zero = 2 ** (bits - 1);
  const steps = Uint8Array.from({ length: ROWS * CHANNELS }, (_, index) =>
    index < CHANNELS ? most : Math.floor(((random() + 1) / 2) * (most + 1)),
  );
  // Whole columns of the greatest and of the least weight, where sums of 16 bits overflow.
  const weights = Int8Array.from({ length: CHANNELS * FEATURES }, (_, index) => {
    const column = index % FEATURES;
    return column < 2 ? 127 - 254 * column : Math.round(random() * 127);
  });
  // Powers of two, by which no product is rounded.
  const scales = Float32Array.from({ length: FEATURES }, (_, column) => 2 ** -(column % 5));
  const expected = Array.from({ length: ROWS * FEATURES }, (_, index) => {
    const [row, column] = [Math.floor(index / FEATURES), index % FEATURES];
    let sum = 0;
    for (let channel = 0; channel < CHANNELS; channel++) {
      const step = (steps[row * CHANNELS + channel] as number) - zero;
      sum += step * (weights[channel * FEATURES + column] as number);
    }
    return sum * (scales[column] as number);
  });
  const graph = plainGraph("integerProduct", {
    "weights.bin": new Uint8Array(weights.buffer),
    "scales.bin": new Uint8Array(scales.buffer),
  });
  const feeds = {
    steps: tensor("uint8", [ROWS, CHANNELS], steps),
    zero: tensor("uint8", [], Uint8Array.of(zero)),
  } satisfies Record<string, Tensor>;
  return { graph, feeds, expected };
}
