import { expect, test } from "vitest";
import { attentionFeeds, attentionGraph, randomStep, seededRandom } from "./attention-reference.js";
import { float32, plainGraph, type SuiteContext } from "./suite-context.js";

/** What garbage collection may not have returned yet; each case would leak several times as much. */
const ALLOWED_GROWTH = 96 * 2 ** 20;
/** Milliseconds for a case, which takes seconds on a machine of its own: on a busy one that is no fault, and with fewer times a leak would not show. */
const TIMEOUT = 120_000;

/** Native and script memory stay bounded over many sessions, runs and caches. */
export function resourceCases({ backend }: SuiteContext, memoryInUse: () => number | Promise<number>): void {
  const weights = new Uint8Array(4 * 2 ** 20);

  async function growthOver(times: number, action: () => Promise<void>): Promise<number> {
    for (let i = 0; i < times / 5; i++) await action();
    const before = await memoryInUse();
    for (let i = 0; i < times; i++) await action();
    return (await memoryInUse()) - before;
  }

  test("50 sessions created and disposed leave no growth", { timeout: TIMEOUT }, async () => {
    const graph = plainGraph("large", { "weights.bin": weights });
    const x = float32([1, 1024], new Array<number>(1024).fill(1));
    const growth = await growthOver(50, async () => {
      await using session = await backend().createSession(graph);
      await session.run({ x });
    });
    expect(growth).toBeLessThan(ALLOWED_GROWTH);
  });

  test("200 runs leave no growth", { timeout: TIMEOUT }, async () => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    const a = float32([2 ** 18], new Array<number>(2 ** 18).fill(1));
    const growth = await growthOver(200, async () => {
      await session.run({ a, b: a });
    });
    expect(growth).toBeLessThan(ALLOWED_GROWTH);
  });

  test("50 caches filled and disposed leave no growth", { timeout: TIMEOUT }, async () => {
    await using session = await backend().createSession(attentionGraph(backend().target));
    const rows = 640;
    const step = randomStep(seededRandom(1), new Array<number>(rows).fill(1));
    const growth = await growthOver(50, async () => {
      await using cache = await session.createCache(rows);
      await session.run(attentionFeeds(step, cache.lengths), { cache, newLengths: step.newLengths });
      expect(cache.byteLength).toBeGreaterThan(4 * 2 ** 20);
    });
    expect(growth).toBeLessThan(ALLOWED_GROWTH);
  });
}
