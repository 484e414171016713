import { tensor, type Tensor } from "@smolvlm/contracts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countingBackend, tinyCase, tinyFiles } from "../testing/tiny-model.js";
import { LanguageDecoder } from "./language-decoder.js";
import { ModelRuntime } from "./model-runtime.js";
import type { PromptRow } from "./prompt-row.js";
import { planSharedPrefixes } from "./shared-prefixes.js";

// Rounding differs with the shape of a product; anything else would show in the first digits.
const SAME = 1e-5;

function rowOf(ids: readonly number[], features: readonly number[] = ids.map(() => -1)): PromptRow {
  return { ids: Int32Array.from(ids), features: Int32Array.from(features), start: 0 };
}

const text = (length: number, start: number): number[] => Array.from({ length }, (_, index) => start + index);

describe("a plan", () => {
  test("reads once what all rows begin with", () => {
    const rows = [1, 2, 3].map((question) => rowOf([...text(100, 10), question, 7]));
    expect(planSharedPrefixes(rows, undefined)).toEqual([
      [{ members: [0, 1, 2], from: 0, to: 100 }],
      [0, 1, 2].map((row) => ({ members: [row], from: 100, to: 102 })),
    ]);
  });

  test("reads each of several beginnings once, and of equal rows all but the last position", () => {
    const [a, b] = [text(100, 10), text(90, 500)];
    const rows = [rowOf([...a, 1, 1]), rowOf([...b, 2]), rowOf([...a, 3]), rowOf([...b, 2])];
    expect(planSharedPrefixes(rows, undefined)).toEqual([
      [
        { members: [0, 2], from: 0, to: 100 },
        { members: [1, 3], from: 0, to: 90 },
      ],
      [
        { members: [0], from: 100, to: 102 },
        { members: [1], from: 90, to: 91 },
        { members: [2], from: 100, to: 101 },
        { members: [3], from: 90, to: 91 },
      ],
    ]);
  });

  test("leaves a batch alone that has little in common, or would gain little", () => {
    const whole = (rows: readonly PromptRow[]) => [
      rows.map(({ ids }, row) => ({ members: [row], from: 0, to: ids.length })),
    ];
    for (const rows of [
      [rowOf([...text(20, 10), 1]), rowOf([...text(20, 10), 2])],
      [rowOf([...text(70, 10), ...text(500, 1000)]), rowOf([...text(70, 10), ...text(500, 2000)])],
      [rowOf([4, 5, 6])],
    ]) {
      expect(planSharedPrefixes(rows, undefined)).toEqual(whole(rows));
    }
  });

  test("different pictures under the same tokens are nothing in common", () => {
    const ids = [...text(100, 10), 9, ...text(100, 300)];
    const picture = (feature: number) =>
      rowOf(
        ids,
        ids.map((id) => (id === 9 ? feature : -1)),
      );
    const features = tensor("float32", [3, 1, 2], Float32Array.of(1, 2, 1, 3, 1, 2));
    const plan = (first: number, second: number) => planSharedPrefixes([picture(first), picture(second)], features)[0];
    expect(plan(0, 2)?.[0]?.to).toBe(200);
    expect(plan(0, 1)).toEqual([
      { members: [0], from: 0, to: 201 },
      { members: [1], from: 0, to: 201 },
    ]);
  });
});

describe("reading by plan", () => {
  const backend = countingBackend();
  let runtime: ModelRuntime;
  beforeAll(async () => {
    runtime = await ModelRuntime.load(await tinyFiles("v2-gqa-fp32"), { backend }, "logits");
  });
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  test("gives each row what it has alone, also for the steps after it", async () => {
    const { inputs } = await tinyCase("v2-gqa-fp32", "two-images");
    const { rows, features } = await runtime.prepare(inputs);
    const row = rows[0] as PromptRow;
    const ask = (cut: number, ...question: number[]): PromptRow => ({
      ids: Int32Array.of(...row.ids.subarray(0, row.ids.length - cut), ...question),
      features: Int32Array.of(...row.features.subarray(0, row.ids.length - cut), ...question.map(() => -1)),
      start: 0,
    });
    const batch = [
      ask(0, 5, 6, 7),
      ask(0, 8),
      ask(20, 9, 9),
      ask(20, 11, 9),
      ask(0, 5, 6, 7),
      ask(row.ids.length - 3, 4),
    ];
    const runner = await runtime.language("logits");
    const onProgress = ({ total }: { total: number }): void => void (read = total);
    let read = 0;
    await using together = await LanguageDecoder.prefill(runner, { rows: batch, features, minShared: 8, onProgress });
    expect(read).toBeLessThan(batch.reduce((sum, { ids }) => sum + ids.length, 0) / 2);
    expect(together.lengths).toEqual(batch.map(({ ids }) => ids.length));
    const first = together.logits.slice();
    const active = batch.map(() => true);
    const tokens = Int32Array.from(batch, (_, index) => 20 + index);
    await together.step(tokens, { active });
    const { vocabSize } = together;
    for (const [index, each] of batch.entries()) {
      await using alone = await LanguageDecoder.prefill(runner, { rows: [each], features });
      const own = (logits: Float32Array): Tensor<"float32">["data"] =>
        logits.subarray(index * vocabSize, (index + 1) * vocabSize) as Tensor<"float32">["data"];
      expect(difference(alone.logits, own(first))).toBeLessThan(SAME);
      await alone.step(tokens.slice(index, index + 1), { active: [true] });
      expect(difference(alone.logits, own(together.logits))).toBeLessThan(SAME);
    }
  });

  test("an abort between levels gives the caches back", async () => {
    const rows = [1, 2].map((question) => rowOf([...text(40, 5).map((id) => id % 60), question]));
    const controller = new AbortController();
    const onProgress = ({ loaded }: { loaded: number }): void => void (loaded >= 40 && controller.abort());
    const runner = await runtime.language("logits");
    const prefill = LanguageDecoder.prefill(runner, {
      rows,
      features: undefined,
      minShared: 8,
      signal: controller.signal,
      onProgress,
    });
    expect(await prefill.catch((error: unknown) => error)).toBe(controller.signal.reason);
  });
});

function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((greatest, value, index) => Math.max(greatest, Math.abs(value - (b[index] as number))), 0);
}
