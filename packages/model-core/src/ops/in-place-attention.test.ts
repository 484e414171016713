import { tensor, type Target, type Tensor } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { rotaryAngles } from "../inference/rotary-angles.js";
import { cpuGraph, noise, runGraph } from "../testing/run-graph.js";
import { causalAttention, causalContext } from "./causal-attention.js";

const shape = { heads: 4, keyValueHeads: 2, headDim: 8, ropeTheta: 10_000 };
const { heads, keyValueHeads, headDim } = shape;
const batch = 2;
const sequence = 3;
const pastLengths = [5, 2];
const capacity = 12;

/** Attention over a past of `positions`, with the caches as this target holds them. */
async function attend(keyValueCache: Target["keyValueCache"], positions: number): Promise<Record<string, Tensor>> {
  const graph = cpuGraph("fp32", { keyValueCache });
  const rows = (name: string, count: number) => {
    return graph.input(name, "float32", ["batch", "sequence", count * headDim]).reshape(["rows", count * headDim]);
  };
  const parts = [rows("query", heads), rows("key", keyValueHeads), rows("value", keyValueHeads)];
  const sizes = [heads, keyValueHeads, keyValueHeads].map((count) => count * headDim);
  const context = causalContext(graph, shape, 1);
  graph.output("attended", causalAttention(context, { queryKeyValue: { sizes, parts: () => parts }, layer: 0 }));
  const { cos, sin } = rotaryAngles(
    pastLengths.flatMap((length) => Array.from({ length: sequence }, (_, index) => length + index)),
    headDim,
    shape.ropeTheta,
  );
  return runGraph(graph, {
    query: noise([batch, sequence, heads * headDim]),
    key: noise([batch, sequence, keyValueHeads * headDim], 2),
    value: noise([batch, sequence, keyValueHeads * headDim], 3),
    past_lengths: tensor("int32", [batch], Int32Array.from(pastLengths)),
    rotary_cos: cos,
    rotary_sin: sin,
    "past_key_values.0.key": past(positions, 4),
    "past_key_values.0.value": past(positions, 5),
  });
}

/** [batch, keyValueHeads, positions, headDim]: the same values whatever the number of positions, and junk beyond a row's length. */
function past(positions: number, seed: number): Tensor<"float32"> {
  const known = noise([batch, keyValueHeads, capacity, headDim], seed).data;
  const data = Array.from({ length: batch * keyValueHeads }, (_, head) => {
    const start = head * capacity * headDim;
    return [...known.subarray(start, start + positions * headDim)];
  });
  return tensor("float32", [batch, keyValueHeads, positions, headDim], Float32Array.from(data.flat()));
}

test("a buffer that is past and present gives what appended rows give, in a ragged batch", async () => {
  const expected = await attend("new-rows", Math.max(...pastLengths));
  const found = await attend("in-place", capacity);
  const distance = (a: Float32Array, b: Float32Array): number =>
    a.length === b.length ? Math.max(...a.map((element, index) => Math.abs(element - (b[index] as number)))) : Infinity;
  expect(distance(found["attended"]?.data as Float32Array, expected["attended"]?.data as Float32Array)).toBeLessThan(
    1e-5,
  );
  for (const [kind, seed] of [["key", 4] as const, ["value", 5] as const]) {
    const buffer = past(capacity, seed).data.slice();
    const rows = expected[`present.0.${kind}`]?.data as Float32Array;
    for (let head = 0; head < batch * keyValueHeads; head++) {
      const start = (head * capacity + (pastLengths[Math.floor(head / keyValueHeads)] as number)) * headDim;
      buffer.set(rows.subarray(head * sequence * headDim, (head + 1) * sequence * headDim), start);
    }
    expect(distance(found[`present.0.${kind}`]?.data as Float32Array, buffer)).toBeLessThan(1e-6);
  }
});
