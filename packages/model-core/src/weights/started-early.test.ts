import { expect, test } from "vitest";
import { startedEarly } from "./started-early.js";

const names = [0, 1, 2, 3, 4, 5, 6, 7];

function recorder(log: string[], failing?: number): (name: number) => AsyncGenerator<string> {
  return async function* (name) {
    log.push(`begin ${name}`);
    try {
      if (name === failing) throw new RangeError(`no ${name}`);
      yield `${name}a`;
      yield `${name}b`;
    } finally {
      log.push(`end ${name}`);
    }
  };
}

const of = (log: readonly string[], what: string): string[] => log.filter((entry) => entry.startsWith(what)).sort();

test("the items come in order, and the next generators are begun while one is read", async () => {
  const log: string[] = [];
  const items: string[] = [];
  for await (const item of startedEarly(names, recorder(log))) {
    if (items.length === 0) expect(of(log, "begin")).toHaveLength(5);
    items.push(item);
  }
  expect(items).toEqual(names.flatMap((name) => [`${name}a`, `${name}b`]));
  expect(of(log, "end")).toHaveLength(8);
});

test("a generator that fails early is told in its turn, and the others are ended", async () => {
  const log: string[] = [];
  const items: string[] = [];
  const read = async (): Promise<void> => {
    for await (const item of startedEarly(names, recorder(log, 1))) items.push(item);
  };
  await expect(read()).rejects.toThrow("no 1");
  expect(items).toEqual(["0a", "0b"]);
  await expect.poll(() => of(log, "end")).toEqual(of(log, "begin").map((entry) => entry.replace("begin", "end")));
});

test("who stops reading ends those that were begun", async () => {
  const log: string[] = [];
  for await (const item of startedEarly(names, recorder(log))) {
    expect(item).toBe("0a");
    break;
  }
  await expect.poll(() => of(log, "end")).toEqual(["end 0", "end 1", "end 2", "end 3", "end 4"]);
});
