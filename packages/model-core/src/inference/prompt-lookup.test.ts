import { describe, expect, test } from "vitest";
import { PromptLookup } from "./prompt-lookup.js";

const proposed = (ids: readonly number[], most = 8): number[] => [
  ...new PromptLookup(Int32Array.from(ids), 1000).propose(most),
];

describe("a guess", () => {
  test("is what stood behind the place that agrees longest, the latest of several", () => {
    expect(proposed([1, 2, 3, 4, 5, 9, 1, 2, 3])).toEqual([4, 5]);
    expect(proposed([7, 1, 2, 3, 8, 6, 1, 2, 3, 9, 9, 7, 1, 2, 3])).toEqual([8, 6, 1]);
    expect(proposed([1, 2, 3, 4, 1, 2, 3, 5, 5, 1, 2, 3])).toEqual([5, 5]);
  });

  test("is longer behind a longer agreement, and never longer than asked for", () => {
    const text = Array.from({ length: 30 }, (_, index) => index);
    expect(proposed([...text, ...text.slice(0, 20)])).toEqual([20, 21, 22, 23, 24, 25, 26]);
    expect(proposed([...text, 1, 2, 3, 4])).toEqual([5, 6, 7]);
    expect(proposed([...text, 1, 2, 3, 4], 2)).toEqual([5, 6]);
    expect(proposed([...text, 1, 2, 3, 4], 0)).toEqual([]);
  });

  test("is not made where nothing repeats", () => {
    for (const ids of [[], [1], [1, 2, 3], [1, 2, 5, 1, 2]]) expect(proposed(ids)).toEqual([]);
  });

  test("sees the tokens that come later", () => {
    const lookup = new PromptLookup(Int32Array.of(1, 2, 3, 4), 10);
    for (const token of [9, 1, 2, 3]) lookup.append(token);
    expect([...lookup.propose(8)]).toEqual([4, 9]);
  });
});

test("wrong guesses cost a bounded part of the steps; right ones bring guessing back", () => {
  const lookup = new PromptLookup(Int32Array.of(1, 2, 1, 2, 1, 2), 100_000);
  let guessed = 0;
  const steps = 4000;
  for (let step = 0; step < steps; step++) {
    const { length } = lookup.propose(8);
    if (length > 0) lookup.settle(length, 0);
    guessed += length;
    for (const token of [1, 2]) lookup.append(token);
  }
  expect(guessed).toBeGreaterThan(10);
  // In steps: what the guesses cost, against the steps made, two tokens each.
  expect(0.2 * guessed).toBeLessThan(0.03 * 2 * steps);
  for (let step = 0; step < 100; step++) {
    const { length } = lookup.propose(8);
    if (length > 0) lookup.settle(length, length);
    lookup.append(1 + (step % 2));
  }
  for (let step = 0; step < 20; step++) {
    const { length } = lookup.propose(8);
    expect(length).toBeGreaterThan(0);
    lookup.settle(length, length);
    lookup.append(1 + (step % 2));
  }
});
