import { tensor, type Target, type Tensor } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { positionFeeds } from "../inference/position-feeds.js";
import { cpuGraph, noise, runGraph } from "../testing/run-graph.js";
import { causalAttention, causalContext, declarePresents } from "./causal-attention.js";

const shape = { heads: 4, keyValueHeads: 2, headDim: 8, ropeTheta: 10_000 };
const { heads, keyValueHeads, headDim } = shape;
const batch = 2;
const sequence = 3;
const pastLengths = [5, 2];
const capacity = 12;

/** Attention over a past of `positions`, with the caches as this target holds them. */
async function attend(target: Partial<Target>, positions: number): Promise<Record<string, Tensor>> {
  const graph = cpuGraph("fp32", target);
  const rows = (name: string, count: number) => {
    return graph.input(name, "float32", ["batch", "sequence", count * headDim]).reshape(["rows", count * headDim]);
  };
  const parts = [rows("query", heads), rows("key", keyValueHeads), rows("value", keyValueHeads)];
  const sizes = [heads, keyValueHeads, keyValueHeads].map((count) => count * headDim);
  const context = causalContext(graph, shape, 1);
  graph.output("attended", causalAttention(context, { queryKeyValue: { sizes, parts: () => parts }, layer: 0 }));
  declarePresents(context);
  const inPlace = target.keyValueCache === "in-place";
  const config = { ...shape, numAttentionHeads: heads, numKeyValueHeads: keyValueHeads };
  return runGraph(graph, {
    query: noise([batch, sequence, heads * headDim]),
    key: noise([batch, sequence, keyValueHeads * headDim], 2),
    value: noise([batch, sequence, keyValueHeads * headDim], 3),
    ...positionFeeds({ past: pastLengths, sequence, inPlace }, config),
    "past_key_values.0.key": past(positions, 4, target.keyValueCache),
    "past_key_values.0.value": past(positions, 5, target.keyValueCache),
  });
}

/** [batch, keyValueHeads, positions, headDim]: the same values whatever the number of positions, and junk beyond a row's length. */
function past(positions: number, seed: number, kind: Target["keyValueCache"] = "in-place"): Tensor<"float32"> {
  const known = noise([batch, keyValueHeads, capacity, headDim], seed).data;
  const data = Array.from({ length: batch * keyValueHeads }, (_, head) => {
    const start = head * capacity * headDim;
    return [...known.subarray(start, start + positions * headDim)];
  });
  const dims = kind === "new-rows" ? [batch, keyValueHeads, 1] : [batch, keyValueHeads];
  return tensor("float32", [...dims, positions, headDim], Float32Array.from(data.flat()));
}

const distance = (a: Float32Array, b: Float32Array): number =>
  a.length === b.length ? Math.max(...a.map((element, index) => Math.abs(element - (b[index] as number)))) : Infinity;
const dataOf = (results: Record<string, Tensor>, name: string): Float32Array => results[name]?.data as Float32Array;

test("heads that share keys as rows of one product give what they give one by one", async () => {
  const expected = await attend({ keyValueCache: "new-rows" }, Math.max(...pastLengths));
  const found = await attend({ keyValueCache: "new-rows", device: "wasm" }, Math.max(...pastLengths));
  expect(distance(dataOf(found, "attended"), dataOf(expected, "attended"))).toBeLessThan(1e-5);
  expect(distance(dataOf(found, "present"), dataOf(expected, "present"))).toBe(0);
});

test("a buffer that is past and present gives what appended rows give, in a ragged batch", async () => {
  const expected = await attend({ keyValueCache: "new-rows" }, Math.max(...pastLengths));
  const found = await attend({ keyValueCache: "in-place" }, capacity);
  expect(distance(dataOf(found, "attended"), dataOf(expected, "attended"))).toBeLessThan(1e-5);
  expect(expected["present"]?.dims).toEqual([2 * batch, keyValueHeads, 1, sequence, headDim]);
  const size = batch * keyValueHeads * sequence * headDim;
  for (const [index, [kind, seed]] of [["key", 4] as const, ["value", 5] as const].entries()) {
    const buffer = past(capacity, seed).data.slice();
    const rows = dataOf(expected, "present").subarray(index * size, (index + 1) * size);
    for (let head = 0; head < batch * keyValueHeads; head++) {
      const start = (head * capacity + (pastLengths[Math.floor(head / keyValueHeads)] as number)) * headDim;
      buffer.set(rows.subarray(head * sequence * headDim, (head + 1) * sequence * headDim), start);
    }
    expect(distance(dataOf(found, `present.0.${kind}`), buffer)).toBeLessThan(1e-6);
  }
});
