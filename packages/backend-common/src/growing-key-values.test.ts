import type { KeyValueCacheLayout } from "@smolvlm/contracts";
import { InvalidArgumentError } from "@smolvlm/contracts";
import { describe, expect, test } from "vitest";
import { GrowingKeyValues } from "./growing-key-values.js";

const layout: KeyValueCacheLayout = { layers: 2, keyValueHeads: 2, headDim: 3, maxLength: 600 };

/** Rows whose every element tells where it belongs: buffer, row, head, position of the row. */
function rowsFrom(cache: GrowingKeyValues, positions: number): Float32Array[] {
  return Array.from({ length: 2 * layout.layers }, (_, buffer) => {
    const values: number[] = [];
    for (let row = 0; row < cache.batch; row++) {
      for (let head = 0; head < layout.keyValueHeads; head++) {
        for (let position = 0; position < positions; position++) {
          const code = code4(buffer, row, head, (cache.lengths[row] ?? 0) + position);
          values.push(code, code + 0.25, code + 0.5);
        }
      }
    }
    return Float32Array.from(values);
  });
}

const code4 = (buffer: number, row: number, head: number, position: number): number =>
  ((buffer * 8 + row) * 2 + head) * 1000 + position;

/** Checks every valid element of `cache`, whose rows were once the rows `origin` of another. */
function expectContents(cache: GrowingKeyValues, origin: readonly number[]): void {
  const { capacity } = cache;
  cache.buffers.forEach((values, buffer) => {
    origin.forEach((from, row) => {
      for (let head = 0; head < layout.keyValueHeads; head++) {
        const start = (row * layout.keyValueHeads + head) * capacity * layout.headDim;
        const found = values.subarray(start, start + (cache.lengths[row] as number) * layout.headDim);
        const expected = Array.from({ length: cache.lengths[row] as number }, (_, position) => {
          const code = code4(buffer, from, head, position);
          return [code, code + 0.25, code + 0.5];
        });
        expect([...found]).toEqual(expected.flat());
      }
    });
  });
}

describe("GrowingKeyValues", () => {
  test("appends each row at its own length, over several growths", () => {
    const cache = new GrowingKeyValues(layout, 3);
    expect(cache.capacity).toBe(0);
    for (const [positions, counts] of [
      [5, [5, 0, 2]],
      [260, [255, 260, 1]],
      [1, [1, 1, 0]],
      [300, [0, 300, 7]],
    ] as const) {
      cache.append(rowsFrom(cache, positions), positions, counts)();
      expectContents(cache, [0, 1, 2]);
    }
    expect(cache.lengths).toEqual([261, 561, 10]);
  });

  test("reserves in steps that grow with it, up to the longest allowed", () => {
    const cache = new GrowingKeyValues(layout, 1);
    const capacities = [1, 255, 1, 256, 87].map((count) => {
      cache.append(rowsFrom(cache, count), count, [count])();
      return cache.capacity;
    });
    expect(capacities).toEqual([64, 256, 320, 576, 600]);
    expect(cache.byteLength).toBe(4 * 2 * 600 * 3 * 4);
    const long = new GrowingKeyValues({ ...layout, maxLength: 9000 }, 1);
    const grown = [1025, 1024, 4000].map((count) => {
      long.append(rowsFrom(long, count), count, [count])();
      return long.capacity;
    });
    expect(grown).toEqual([1152, 2304, 6144]);
  });

  test("takes one array of all layers as it takes one of each", () => {
    const [whole, parts] = [new GrowingKeyValues(layout, 2), new GrowingKeyValues(layout, 2)];
    for (const count of [3, 1, 70]) {
      const rows = rowsFrom(parts, count);
      const all = Float32Array.from(rows.flatMap((values) => [...values]));
      whole.append([all], count, [count, 1])();
      parts.append(rows, count, [count, 1])();
    }
    expect(whole.buffers).toEqual(parts.buffers);
    expect(() => whole.append([new Float32Array(5)], 1, [1, 1])).toThrow(InvalidArgumentError);
  });

  test("empties the buffers that it has grown out of, and no others", () => {
    const cache = new GrowingKeyValues(layout, 1);
    cache.append(rowsFrom(cache, 3), 3, [3])();
    const { buffers } = cache;
    const fork = cache.fork();
    cache.append(rowsFrom(cache, 61), 61, [61])();
    expect(cache.buffers).toBe(buffers);
    expect(buffers.map(({ length }) => length)).toEqual(Array(4).fill(2 * 64 * 3));
    cache.append(rowsFrom(cache, 4), 4, [4])();
    expect(buffers.map(({ length }) => length)).toEqual([0, 0, 0, 0]);
    expectContents(cache, [0]);
    expectContents(fork, [0]);
    cache.dispose();
    expect(cache.byteLength).toBe(0);
    expectContents(fork, [0]);
  });

  test("overwrites what was forgotten", () => {
    const cache = new GrowingKeyValues(layout, 2);
    cache.append(rowsFrom(cache, 10), 10, [10, 8])();
    cache.rewind([4, 8]);
    expect(cache.lengths).toEqual([4, 8]);
    cache.append(rowsFrom(cache, 2), 2, [2, 1])();
    expect(cache.lengths).toEqual([6, 9]);
    expectContents(cache, [0, 1]);
  });

  test("forks copies", () => {
    const cache = new GrowingKeyValues(layout, 3);
    cache.append(rowsFrom(cache, 300), 300, [300, 2, 7])();
    const fork = cache.fork([1, 2, 1]);
    expect(fork.capacity).toBe(64);
    expectContents(fork, [1, 2, 1]);
    expectContents(cache.fork(), [0, 1, 2]);
    fork.buffers.forEach((buffer) => buffer.fill(-1));
    expectContents(cache, [0, 1, 2]);
  });

  test("forks an empty cache", () => {
    const fork = new GrowingKeyValues(layout, 2).fork();
    expect([fork.lengths, fork.capacity]).toEqual([[0, 0], 0]);
  });

  test("refuses wrong arrays and stays as it was", () => {
    const cache = new GrowingKeyValues(layout, 1);
    const rows = rowsFrom(cache, 2);
    for (const [wrong, positions, counts] of [
      [rows.slice(1), 2, [2]],
      [rows, 3, [2]],
      [rows, 2, [3]],
      [rows, 2, []],
      [rows, 2, [601]],
    ] as const) {
      expect(() => cache.append(wrong, positions, counts)).toThrow(InvalidArgumentError);
    }
    expect(cache.lengths).toEqual([0]);
  });

  test("keeps int8 with a scale for each position of each head, through growth, rewinding and forks", () => {
    const int8: KeyValueCacheLayout = { ...layout, dtype: "int8" };
    const cache = new GrowingKeyValues(int8, 2);
    expect(cache.planes.map(({ name }) => name)).toEqual(
      ["", "_scale"].flatMap((end) =>
        ["0.key", "0.value", "1.key", "1.value"].map((which) => `past_key_values.${which}${end}`),
      ),
    );
    cache.append(rowsFrom(cache, 200), 200, [200, 3])();
    cache.append(rowsFrom(cache, 100), 100, [100, 40])();
    cache.rewind([280, 43]);
    cache.append(rowsFrom(cache, 1), 1, [1, 0])();
    expect(cache.byteLength).toBe(2 * layout.layers * 2 * layout.keyValueHeads * 320 * (layout.headDim + 4));
    for (const [each, origin] of [
      [cache, [0, 1]],
      [cache.fork([1, 0, 1]), [1, 0, 1]],
    ] as const) {
      for (let buffer = 0; buffer < 2 * layout.layers; buffer++) {
        const [steps, scales] = [each.buffers[buffer], each.buffers[2 * layout.layers + buffer]];
        origin.forEach((from, row) => {
          for (let head = 0; head < layout.keyValueHeads; head++) {
            for (let position = 0; position < (each.lengths[row] as number); position++) {
              const at = (row * layout.keyValueHeads + head) * each.capacity + position;
              const code = code4(buffer, from, head, position);
              const found = (steps?.[at * layout.headDim + 2] as number) * (scales?.[at] as number);
              // The last of the three is the largest, which the scale keeps.
              expect(found).toBeCloseTo(code + 0.5, 1);
            }
          }
        });
      }
    }
  });
});
