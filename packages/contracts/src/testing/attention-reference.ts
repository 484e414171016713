import type { KeyValueCacheLayout, SessionGraph, Target } from "../backend.js";
import { tensor, type Tensor } from "../tensor.js";
import { testGraph } from "./test-graphs.js";

type CacheType = NonNullable<KeyValueCacheLayout["dtype"]>;

/** Query heads of the `attention` test graph; twice the key-value heads, so that two share one. */
const heads = 4;
/** The cache of the `attention` test graph. */
export const attentionLayout: KeyValueCacheLayout = {
  layers: 1,
  keyValueHeads: 2,
  headDim: 8,
  maxLength: 700,
  positionInput: "query",
};
const { keyValueHeads, headDim } = attentionLayout;
const queryWidth = heads * headDim;
const keyValueWidth = keyValueHeads * headDim;

/** A graph of attention whose cache is held as this target holds it, of elements of this type. */
export function attentionGraph({ keyValueCache }: Target, dtype: CacheType = "float32"): SessionGraph {
  const name = keyValueCache === "in-place" ? "attentionInPlace" : dtype === "int8" ? "attentionInt8" : "attention";
  return { name: "attention", model: testGraph(name), externalData: [], cache: { ...attentionLayout, dtype } };
}

/** The inputs of that graph that are the caller's. */
export function attentionInputs({ keyValueCache }: Target): readonly string[] {
  const positioned = keyValueCache === "in-place" ? ["places", "positions"] : ["seqlens_k", "total_sequence_length"];
  return ["query", "key", "value", ...positioned];
}

/** Inputs of one run: `positions` per row, of which row `b` uses the first `newLengths[b]`; the others hold junk. */
export interface AttentionStep {
  readonly positions: number;
  readonly newLengths: readonly number[];
  /** [batch, positions, 32] */
  readonly query: Float32Array;
  /** [batch, positions, 16] */
  readonly key: Float32Array;
  /** [batch, positions, 16] */
  readonly value: Float32Array;
}

/** A generator of uniform numbers in [-1, 1): a 32-bit linear congruential one, so that every runtime draws the same. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
}

/** A step of random queries, keys and values; `positions` is the largest of `newLengths` unless given. */
export function randomStep(
  random: () => number,
  newLengths: readonly number[],
  positions: number = Math.max(...newLengths),
): AttentionStep {
  const fill = (width: number): Float32Array =>
    Float32Array.from({ length: newLengths.length * positions * width }, random);
  return { positions, newLengths, query: fill(queryWidth), key: fill(keyValueWidth), value: fill(keyValueWidth) };
}

/** The part of `step` that is row `row`, without its padding. */
export function soloStep({ positions, newLengths, query, key, value }: AttentionStep, row: number): AttentionStep {
  const length = newLengths[row] as number;
  const slice = (data: Float32Array, width: number): Float32Array =>
    data.slice(row * positions * width, (row * positions + length) * width);
  return {
    positions: length,
    newLengths: [length],
    query: slice(query, queryWidth),
    key: slice(key, keyValueWidth),
    value: slice(value, keyValueWidth),
  };
}

/** Feeds of the `attention` graph on top of rows that hold `lengths` positions. */
export function attentionFeeds(step: AttentionStep, lengths: readonly number[]): Record<string, Tensor> {
  const { positions, query, key, value } = step;
  const batch = lengths.length;
  const behind = lengths.flatMap((length) => Array.from({ length: positions }, (_, index) => length + index));
  const places = lengths.flatMap((length, row) =>
    Array.from({ length: keyValueHeads * positions }, (_, index) => [
      row,
      Math.floor(index / positions),
      length + (index % positions),
    ]),
  );
  return {
    query: tensor("float32", [batch, positions, queryWidth], query),
    key: tensor("float32", [batch, positions, keyValueWidth], key),
    value: tensor("float32", [batch, positions, keyValueWidth], value),
    seqlens_k: tensor(
      "int32",
      [batch],
      Int32Array.from(lengths, (length) => length + positions - 1),
    ),
    total_sequence_length: tensor("int32", [], Int32Array.of(Math.max(...lengths) + positions)),
    places: tensor("int64", [batch, keyValueHeads, positions, 3], BigInt64Array.from(places.flat(), BigInt)),
    positions: tensor("float32", [batch, 1, positions, 1], Float32Array.from(behind)),
  };
}

interface Row {
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
}

/** Causal grouped-query attention in float64, written out, with the past of each row kept as a plain list; as int8 where that is asked for. */
export class AttentionReference {
  #rows: readonly Row[];
  readonly #dtype: CacheType;

  constructor(batch: number, dtype: CacheType = "float32") {
    this.#rows = Array.from({ length: batch }, () => ({ keys: [], values: [] }));
    this.#dtype = dtype;
  }

  /** Positions each row holds. */
  get lengths(): readonly number[] {
    return this.#rows.map((row) => row.keys.length);
  }

  /** Appends `step` and gives what its positions attend to, [positions used, 32] per row. */
  append(step: AttentionStep): Float64Array[] {
    const split = (data: Float32Array, row: number, width: number): Float32Array[] =>
      Array.from({ length: step.newLengths[row] as number }, (_, position) => {
        const start = (row * step.positions + position) * width;
        return data.slice(start, start + width);
      });
    this.#rows = this.#rows.map(({ keys, values }, row) => ({
      keys: [...keys, ...split(step.key, row, keyValueWidth)],
      values: [...values, ...split(step.value, row, keyValueWidth)],
    }));
    const attended = this.#rows.map((row, index) => attend(split(step.query, index, queryWidth), row));
    // The positions of one run see each other as they are. Those kept before stay as they were rounded.
    if (this.#dtype === "int8") {
      this.#rows = this.#rows.map(({ keys, values }, row) => {
        const old = keys.length - (step.newLengths[row] as number);
        const kept = (all: readonly Float32Array[]) => all.map((each, at) => (at < old ? each : rounded(each)));
        return { keys: kept(keys), values: kept(values) };
      });
    }
    return attended;
  }

  /** Forgets what lies beyond `lengths[row]`. */
  rewind(lengths: readonly number[]): void {
    this.#rows = this.#rows.map(({ keys, values }, row) => ({
      keys: keys.slice(0, lengths[row]),
      values: values.slice(0, lengths[row]),
    }));
  }

  /** An independent copy of the rows named. */
  fork(rows: readonly number[]): AttentionReference {
    const copy = new AttentionReference(rows.length, this.#dtype);
    copy.#rows = rows.map((row) => this.#rows[row] as Row);
    return copy;
  }
}

/** A position's keys or values as int8 with a scale for each head. */
function rounded(values: Float32Array): Float32Array {
  return values.map((value, index) => {
    const head = index - (index % headDim);
    const largest = Math.max(...values.subarray(head, head + headDim).map(Math.abs));
    return Math.round(value * (127 / largest)) * Math.fround(largest / 127);
  });
}

/** Attention of the last `queries.length` positions of a row. */
function attend(queries: readonly Float32Array[], { keys, values }: Row): Float64Array {
  const attended = new Float64Array(queries.length * queryWidth);
  queries.forEach((query, index) => {
    const visible = keys.length - queries.length + index + 1;
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor((head * keyValueHeads) / heads) * headDim;
      const scores = keys.slice(0, visible).map((key) => {
        let dot = 0;
        for (let d = 0; d < headDim; d++) dot += (query[head * headDim + d] as number) * (key[shared + d] as number);
        return dot / Math.sqrt(headDim);
      });
      const largest = Math.max(...scores);
      const exponentials = scores.map((score) => Math.exp(score - largest));
      const sum = exponentials.reduce((total, value) => total + value, 0);
      exponentials.forEach((weight, position) => {
        for (let d = 0; d < headDim; d++) {
          const at = index * queryWidth + head * headDim + d;
          attended[at] = (attended[at] as number) + (weight / sum) * (values[position]?.[shared + d] as number);
        }
      });
    }
  });
  return attended;
}

/** Largest absolute difference between `attended` [batch, positions, 32] of a run and what each row should be; padding is ignored. */
export function attentionError(step: AttentionStep, attended: Tensor, expected: readonly Float64Array[]): number {
  let worst = 0;
  expected.forEach((values, row) => {
    values.forEach((value, index) => {
      const found = attended.data[row * step.positions * queryWidth + index] as number;
      // NaN must count as wrong, and Math.max keeps it.
      worst = Math.max(worst, Math.abs(found - value));
    });
  });
  return worst;
}
