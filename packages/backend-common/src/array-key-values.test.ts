import type { Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { describe, expect, test } from "vitest";
import { ArrayKeyValues } from "./array-key-values.js";
import type { KeyValues } from "./key-values.js";

class Tensor {
  constructor(
    readonly type: string,
    readonly data: Float32Array,
    readonly dims: readonly number[],
  ) {}
}

const ort = { Tensor: Tensor as unknown as TensorConstructor };
const layout = { layers: 2, keyValueHeads: 2, headDim: 2, maxLength: 1000 };
/** Four buffers of one row, two heads and one position: 16 numbers. */
const rows = Float32Array.from({ length: 16 }, (_, index) => index);
/** A result of its own, as a run gives it. */
const made = (data: Float32Array, dims: readonly number[]): OrtTensor =>
  new Tensor("float32", data.slice(), dims) as never;

describe("ArrayKeyValues", () => {
  test("takes new rows from one output for all layers as from one for each", () => {
    const single = new ArrayKeyValues(ort, { ...layout, presentOutput: "present" }, 1);
    const separate = new ArrayKeyValues(ort, layout, 1);
    expect(Object.keys(single.bind().fetches)).toEqual(["present"]);
    const names = ["present.0.key", "present.0.value", "present.1.key", "present.1.value"];
    expect(Object.keys(separate.bind().fetches)).toEqual(names);
    for (let step = 0; step < 3; step++) {
      single.append({ present: made(rows, [4, 2, 1, 1, 2]) }, [1]);
      const parts = names.map((name, index) => [name, made(rows.subarray(4 * index, 4 * index + 4), [1, 2, 1, 2])]);
      separate.append(Object.fromEntries(parts) as Record<string, OrtTensor>, [1]);
    }
    expect(single.lengths).toEqual([3]);
    const [found, expected] = [single.bind().feeds, separate.bind().feeds];
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [name, { data, dims }] of Object.entries(found)) {
      expect(data).toEqual(expected[name]?.data);
      expect(dims).toEqual([1, 2, 1, 64, 2]);
    }
    expect(expected["past_key_values.0.key"]?.dims).toEqual([1, 2, 64, 2]);
  });

  test("binds new tensors only when its buffers have grown", () => {
    const values = new ArrayKeyValues(ort, { ...layout, presentOutput: "present" }, 1);
    const before = values.bind();
    values.append({ present: made(rows, [4, 2, 1, 1, 2]) }, [1]);
    const grown = values.bind();
    expect(grown).not.toBe(before);
    values.append({ present: made(rows, [4, 2, 1, 1, 2]) }, [1]);
    expect(values.bind()).toBe(grown);
    expect(values.fork(undefined).bind({}).feeds["past_key_values.0.key"]).not.toBe(
      grown.feeds["past_key_values.0.key"],
    );
  });

  test("frees results that were taken over, and everything when it is disposed", () => {
    const values = new ArrayKeyValues(ort, { ...layout, presentOutput: "present" }, 1);
    const present = made(rows, [4, 2, 1, 1, 2]);
    values.append({ present }, [1]);
    expect(present.data.length).toBe(0);
    const fork = values.fork(undefined);
    const kept = Object.values(fork.bind({}).feeds).map(({ data }) => [...(data as Float32Array)]);
    const own = Object.values(values.bind().feeds).map(({ data }) => data);
    expect(own.every(({ length }) => length > 0)).toBe(true);
    values.dispose();
    values.dispose();
    expect(own.every(({ length }) => length === 0)).toBe(true);
    expect(Object.values(fork.bind({}).feeds).map(({ data }) => [...(data as Float32Array)])).toEqual(kept);
  });

  test("copies later where it may, and before anything else is asked of it", () => {
    const begun: (() => void)[] = [];
    const values = new ArrayKeyValues(ort, { ...layout, presentOutput: "present" }, 1, (work) => begun.push(work));
    const append = (): OrtTensor => {
      const present = made(rows, [4, 2, 1, 1, 2]);
      values.append({ present }, [1]);
      return present;
    };
    const keys = (of: KeyValues): number[] => {
      return [...(of.bind({}).feeds["past_key_values.0.key"]?.data as Float32Array).slice(0, 6)];
    };
    const first = append();
    expect(values.lengths).toEqual([1]);
    expect(first.data.length).toBe(16);
    begun[0]?.();
    expect(first.data.length).toBe(0);
    const second = append();
    expect(keys(values)).toEqual([0, 1, 0, 1, 0, 0]);
    expect(second.data.length).toBe(0);
    append();
    expect(keys(values.fork(undefined))).toEqual([0, 1, 0, 1, 0, 1]);
    append();
    values.rewind([1]);
    append();
    const last = append();
    values.dispose();
    expect(last.data.length).toBe(0);
    for (const work of begun) work();
  });

  test("leaves results as they are that it refuses", () => {
    const values = new ArrayKeyValues(ort, { ...layout, presentOutput: "present" }, 1);
    const present = made(rows, [4, 2, 1, 1, 2]);
    expect(() => values.append({ present }, [2])).toThrow(/rows/);
    expect([...(present.data as Float32Array)]).toEqual([...rows]);
    expect(values.lengths).toEqual([0]);
  });
});
