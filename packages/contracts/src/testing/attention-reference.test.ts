import { expect, test } from "vitest";
import { tensor } from "../tensor.js";
import { attentionError, AttentionReference, randomStep, seededRandom, soloStep } from "./attention-reference.js";

test("one position attends to itself only: each head gets the value of the head it shares", () => {
  const step = randomStep(seededRandom(1), [1]);
  const [attended] = new AttentionReference(1).append(step);
  const value = [...step.value];
  expect([...(attended ?? [])]).toEqual([
    ...value.slice(0, 8),
    ...value.slice(0, 8),
    ...value.slice(8),
    ...value.slice(8),
  ]);
});

test("equal scores average the values that came before, and no later one", () => {
  const step = { ...randomStep(seededRandom(2), [3]), query: new Float32Array(3 * 32) };
  const [attended] = new AttentionReference(1).append(step);
  const column = [0, 1, 2].map((position) => step.value[position * 16] as number);
  expect(attended?.[0]).toBeCloseTo(column[0] as number, 12);
  expect(attended?.[32]).toBeCloseTo(((column[0] as number) + (column[1] as number)) / 2, 12);
  expect(attended?.[64]).toBeCloseTo(column.reduce((sum, value) => sum + value) / 3, 12);
});

test("scores are scaled by the square root of the head's width", () => {
  const step = randomStep(seededRandom(3), [2]);
  const scores = [0, 1].map((p) => {
    let dot = 0;
    for (let d = 0; d < 8; d++) dot += (step.query[32 + d] as number) * (step.key[p * 16 + d] as number);
    return Math.exp(dot / Math.sqrt(8));
  }) as [number, number];
  const [v0, v1] = [step.value[0] as number, step.value[16] as number];
  const [attended] = new AttentionReference(1).append(step);
  expect(attended?.[32]).toBeCloseTo((scores[0] * v0 + scores[1] * v1) / (scores[0] + scores[1]), 12);
});

test("rows are independent of each other and of padding", () => {
  const step = randomStep(seededRandom(4), [3, 1]);
  const together = new AttentionReference(2).append(step);
  for (const row of [0, 1]) expect(new AttentionReference(1).append(soloStep(step, row))).toEqual([together[row]]);
});

test("an error is found, NaN included", () => {
  const step = randomStep(seededRandom(5), [1]);
  const expected = new AttentionReference(1).append(step);
  const attended = Float32Array.from(expected[0] ?? []);
  const error = (): number => attentionError(step, tensor("float32", [1, 1, 32], attended), expected);
  expect(error()).toBeLessThan(1e-7);
  attended[31] = (attended[31] as number) + 0.01;
  expect(error()).toBeCloseTo(0.01, 5);
  attended[0] = NaN;
  expect(error()).toBeNaN();
});
