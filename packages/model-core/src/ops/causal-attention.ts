/**
 * Causal attention over a cache and the positions of this run, for targets whose session appends the new rows itself
 * (`keyValueCache: "new-rows"`).
 *
 * It is written out instead of using `GroupQueryAttention` of ONNX Runtime 1.30, which refuses several rows with several new positions
 * behind a past ("batch_size must be 1 when sequence_length > 1 and past context is given"), so that a batch could not be read in
 * pieces. It is as fast on CPUs: past and new keys are never copied together, and the heads that share keys are stacked, so that each
 * key is read once.
 */
import type { Value } from "../graph/value.js";
import type { GraphBuilder } from "../graph/graph-builder.js";
import { MICROSOFT_DOMAIN, type Dim } from "../onnx/model-proto.js";
import { countTo, maskUnless } from "./attention-masks.js";
import { cast } from "./cast.js";
import { inPlaceAttention, inPlaceContext, type InPlaceContext } from "./in-place-attention.js";
import type { Projections } from "./linear.js";
import { matmul, matmulTransposed } from "./matmul.js";
import { pastName, pastScaleName, presentName } from "./past-names.js";
import { split } from "./split.js";

/** Sizes of the attention of all layers. */
export interface CausalAttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /** Base of the rotary frequencies. */
  readonly ropeTheta: number;
}

/** What the layers of one graph share. */
export type CausalContext = NewRowsContext | InPlaceContext | OwnContext;

/** An attention that the graph's writer brings along ({@link GraphOptions.attention}). */
export interface OwnContext {
  readonly kind: "own";
  attend(inputs: CausalAttentionInputs): Value;
}

/** What they share where the session appends the new rows. */
export interface NewRowsContext {
  readonly kind: "new-rows";
  readonly shape: CausalAttentionShape;
  /** Rotary angles of this run's positions [rows, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** The same, with the scale of the scores in them, which saves a product a layer. */
  readonly queryCos: Value;
  readonly querySin: Value;
  /** Which row of the angles each position has, int64 [batch, sequence]. */
  readonly angleRows: Value;
  /** 0 at the keys that each position may see, for stacked heads [batch, 1, groups · sequence, past + sequence]. */
  readonly bias: Value;
  /** Sizes of past and new positions, int64 [2]. */
  readonly lengths: Value;
}

/** What attention takes of one layer; rows are batch · sequence. */
export interface CausalAttentionInputs {
  /** Query [rows, heads · headDim], key and value [rows, keyValueHeads · headDim]. */
  readonly queryKeyValue: Projections;
  readonly layer: number;
}

/**
 * Declares the inputs that position and mask the attention: `past_lengths` int32 [batch] (valid positions of each row's past),
 * `rotary_cos` and `rotary_sin` float32 [rows, headDim / 2], and the past of every layer. New positions beyond a row's own number of
 * them are padding on the right, which causality hides from the others.
 */
export function causalContext(graph: GraphBuilder, shape: CausalAttentionShape, layers: number): CausalContext {
  if (graph.attention) return graph.attention(graph, shape, layers);
  if (graph.target.keyValueCache === "in-place") return inPlaceContext(graph, shape, layers);
  const { keyValueHeads, headDim, heads } = shape;
  const angles: readonly Dim[] = ["rows", headDim / 2];
  const pastLengths = graph.input("past_lengths", "int32", ["batch"]);
  const cos = graph.input("rotary_cos", "float32", angles);
  const sin = graph.input("rotary_sin", "float32", angles);
  for (let layer = 0; layer < layers; layer++) {
    for (const kind of ["key", "value"]) {
      declarePast(graph, layer, kind, { keyValueHeads, headDim });
    }
  }
  const scale = headDim ** -0.5;
  return {
    kind: "new-rows",
    shape,
    cos,
    sin,
    queryCos: cos.mul(scale),
    querySin: sin.mul(scale),
    angleRows: countTo(graph, "rows").reshape(["batch", "sequence"]),
    bias: maskOf(graph, pastLengths, heads / keyValueHeads),
    lengths: graph.concat([graph.size("past"), graph.size("sequence")]),
  };
}

/** 0 at the keys that each position may see, for stacked heads [batch, 1, groups · sequence, past + sequence]. */
function maskOf(graph: GraphBuilder, pastLengths: Value, groups: number): Value {
  const groupRows = `${groups}*sequence`;
  const validLengths = cast(pastLengths, "int64").reshape(["batch", 1, 1, 1]);
  const past = maskUnless("Less", countTo(graph, "past"), validLengths, ["batch", 1, 1, "past"]);
  const positions = countTo(graph, "sequence");
  const [keys, queries] = [positions.reshape([1, "sequence"]), positions.reshape(["sequence", 1])];
  const causal = maskUnless("LessOrEqual", keys, queries, ["sequence", "sequence"]);
  const stacked = expand(causal, [graph.integers([groups, 1, 1])], [groups, "sequence", "sequence"]).reshape([
    1,
    1,
    groupRows,
    "sequence",
  ]);
  const one = graph.integers([1]);
  const rows = graph.node("Shape", [stacked], { attributes: { start: 2, end: 3 }, dtype: "int64", dims: [1] });
  const parts = [
    expand(past, [one, one, rows, one], ["batch", 1, groupRows, "past"]),
    expand(stacked, [graph.size("batch"), one, one, one], ["batch", 1, groupRows, "sequence"]),
  ];
  const dims = ["batch", 1, groupRows, "past+sequence"];
  return graph.node("Concat", parts, { attributes: { axis: 3 }, dtype: "float32", dims });
}

/** x repeated along its axes of size 1, to the sizes that `shape` adds up to. */
function expand(x: Value, shape: readonly Value[], dims: readonly Dim[]): Value {
  const sizes = shape.length === 1 ? (shape[0] as Value) : x.graph.concat(shape);
  return x.graph.node("Expand", [x, sizes], { dtype: x.dtype, dims });
}

/**
 * Attention of one layer with rotary positions; the rotated keys and the values become its outputs `present.{layer}.key` and
 * `present.{layer}.value` [batch, keyValueHeads, sequence, headDim].
 *
 * @returns [rows, heads · headDim]
 */
export function causalAttention(context: CausalContext, inputs: CausalAttentionInputs): Value {
  if (context.kind === "own") return context.attend(inputs);
  if (context.kind === "in-place") return inPlaceAttention(context, inputs);
  const { queryKeyValue, layer } = inputs;
  const { shape, bias, lengths } = context;
  const { heads, keyValueHeads, headDim } = shape;
  const { graph } = bias;
  const groupRows = `${heads / keyValueHeads}*sequence`;

  const { cos, sin, queryCos, querySin } = context;
  const [query, key, v] = headsOf(queryKeyValue, headDim) as [Value, Value, Value];
  const stacked = ["batch", keyValueHeads, groupRows, headDim];
  const q = rotateHeads(context, query, [queryCos, querySin]).reshape(stacked);
  const k = rotateHeads(context, key, [cos, sin]);
  graph.output(presentName(layer, "key"), k);
  graph.output(presentName(layer, "value"), v);

  const scores = [scaled(matmulTransposed(q, pastOf(graph, layer, "key")), layer, "key"), matmulTransposed(q, k)];
  const all: readonly Dim[] = ["batch", keyValueHeads, groupRows, "past+sequence"];
  const joined = graph.node("Concat", scores, { attributes: { axis: 3 }, dtype: "float32", dims: all });
  const softmax = graph.node("Softmax", [joined.add(bias)], { attributes: { axis: 3 }, dtype: "float32", dims: all });
  const [toPast, toNew] = graph.nodes("Split", [softmax, lengths], {
    attributes: { axis: 3 },
    results: ["past", "sequence"].map((keys) => ({ dtype: "float32", dims: [...all.slice(0, 3), keys] })),
  }) as [Value, Value];
  return matmul(scaled(toPast, layer, "value"), pastOf(graph, layer, "value"))
    .add(matmul(toNew, v))
    .reshape(["batch", heads, "sequence", headDim])
    .transpose([0, 2, 1, 3])
    .reshape(["rows", heads * headDim]);
}

/**
 * The past keys or values of a layer: as int8, each position of a head has a scale, which its score or its weight is multiplied by instead
 * of its channels.
 */
function declarePast(
  graph: GraphBuilder,
  layer: number,
  kind: string,
  { keyValueHeads, headDim }: Pick<CausalAttentionShape, "keyValueHeads" | "headDim">,
): void {
  const isInt8 = graph.formats.keyValues === "int8";
  graph.input(pastName(layer, kind), isInt8 ? "int8" : "float32", ["batch", keyValueHeads, "past", headDim]);
  if (isInt8) graph.input(pastScaleName(layer, kind), "float32", ["batch", keyValueHeads, 1, "past"]);
}

function pastOf(graph: GraphBuilder, layer: number, kind: string): Value {
  const past = graph.inputNamed(pastName(layer, kind));
  return past.dtype === "float32" ? past : cast(past, "float32");
}

/** What belongs to past positions [batch, keyValueHeads, groups · sequence, past], times their scales. */
function scaled(x: Value, layer: number, kind: string): Value {
  if (x.graph.formats.keyValues !== "int8") return x;
  return x.mul(x.graph.inputNamed(pastScaleName(layer, kind)));
}

/** Each of the projections as [batch, its heads, sequence, headDim]. */
function headsOf({ joined, sizes, parts }: Projections, headDim: number): readonly Value[] {
  const counts = sizes.map((size) => size / headDim);
  const arrange = (x: Value, count: number): Value =>
    x.reshape(["batch", "sequence", count, headDim]).transpose([0, 2, 1, 3]);
  if (!joined) return parts().map((x, index) => arrange(x, counts[index] as number));
  const all = counts.reduce((sum, count) => sum + count, 0);
  return split(arrange(joined, all), 1, counts);
}

/** x [batch, heads, sequence, headDim] with each pair of channels (i, i + headDim / 2) of a head turned by the angle of its position. */
function rotateHeads({ angleRows }: NewRowsContext, x: Value, angles: readonly [cos: Value, sin: Value]): Value {
  const { graph, dtype, dims } = x;
  return graph.node("RotaryEmbedding", [x, angleRows, ...angles], { domain: MICROSOFT_DOMAIN, dtype, dims });
}
