import { describe, expect, test } from "vitest";
import { oneAhead } from "./one-ahead.js";

describe("oneAhead", () => {
  test("asks for the next value while one is worked on, and no further", async () => {
    const asked: number[] = [];
    async function* source(): AsyncGenerator<number> {
      for (let i = 0; i < 4; i++) {
        asked.push(i);
        yield i;
      }
    }
    const seen: (readonly [number, number])[] = [];
    for await (const value of oneAhead(source())) {
      await Promise.resolve();
      seen.push([value, asked.length]);
    }
    expect(seen).toEqual([
      [0, 2],
      [1, 3],
      [2, 4],
      [3, 4],
    ]);
  });

  test("throws in turn, after the values before", async () => {
    const seen: number[] = [];
    async function* source(): AsyncGenerator<number> {
      yield 1;
      throw new RangeError("broken");
    }
    const all = async (): Promise<void> => {
      for await (const value of oneAhead(source())) seen.push(value);
    };
    await expect(all()).rejects.toThrow("broken");
    expect(seen).toEqual([1]);
  });

  test("leaving early ends the source", async () => {
    let ended = false;
    async function* source(): AsyncGenerator<number> {
      try {
        for (;;) yield 1;
      } finally {
        ended = true;
      }
    }
    for await (const _value of oneAhead(source())) break;
    expect(ended).toBe(true);
    for await (const value of oneAhead([7])) expect(value).toBe(7);
  });
});
