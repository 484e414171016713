/**
 * Causal attention over a cache and the positions of this run, for targets whose session appends the new rows itself
 * (`keyValueCache: "new-rows"`).
 *
 * It is written out instead of using `GroupQueryAttention` of ONNX Runtime 1.30, which refuses several rows with several new positions
 * behind a past ("batch_size must be 1 when sequence_length > 1 and past context is given"), so that a batch could not be read in
 * pieces, and copies past and new keys together in every step.
 *
 * With one new position, starting a kernel costs more than most of them take. So query, key and value of all heads are turned by one
 * kernel, by angles that leave values as they are and scale queries for the softmax, and the new rows of all layers are one output.
 */
import { knownDim } from "../graph/dims.js";
import type { Value } from "../graph/value.js";
import type { GraphBuilder } from "../graph/graph-builder.js";
import { MICROSOFT_DOMAIN, type Dim } from "../onnx/model-proto.js";
import { countTo, maskUnless } from "./attention-masks.js";
import { cast } from "./cast.js";
import { inPlaceAttention, inPlaceContext, type InPlaceContext } from "./in-place-attention.js";
import type { Projections } from "./linear.js";
import { matmul, matmulTransposed } from "./matmul.js";
import { pastName, pastScaleName, PRESENT } from "./past-names.js";
import { split } from "./split.js";
import { stackBias, unstack } from "./stacked-heads.js";

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
  /** Rotary angles of this run's positions, those times the scale of scores, and some that turn nothing [2 · rows + …, headDim / 2]. */
  readonly angles: readonly [cos: Value, sin: Value];
  /** Which row of the angles each head of each position has, int64 [rows, keyValueHeads · (groups + 2)]. */
  readonly angleRows: Value;
  /** 0 at the keys that each position may see, for stacked heads or not [batch, 1, 1, positions of the query, past + sequence]. */
  readonly bias: Value;
  /** Sizes of past and new positions, int64 [2]. */
  readonly lengths: Value;
  /** New keys and values of the layers so far, in turn, each [batch, keyValueHeads, 1, sequence, headDim]. */
  readonly presents: Value[];
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
  const { keyValueHeads, headDim } = shape;
  const angles: readonly Dim[] = ["rows", headDim / 2];
  const pastLengths = graph.input("past_lengths", "int32", ["batch"]);
  const cos = graph.input("rotary_cos", "float32", angles);
  const sin = graph.input("rotary_sin", "float32", angles);
  for (let layer = 0; layer < layers; layer++) {
    for (const kind of ["key", "value"]) {
      declarePast(graph, layer, kind, { keyValueHeads, headDim });
    }
  }
  const mask = maskOf(graph, pastLengths);
  const bias = stacksGroups(graph) ? stackBias(mask, shape) : mask;
  const [batch, ...others] = bias.dims as [Dim, ...Dim[]];
  return {
    kind: "new-rows",
    shape,
    ...anglesOf(cos, sin, shape),
    bias: graph.node("Unsqueeze", [bias, graph.integers([1])], { dtype: bias.dtype, dims: [batch, 1, ...others] }),
    lengths: graph.concat([graph.size("past"), graph.size("sequence")]),
    presents: [],
  };
}

/**
 * The angles of the heads of a group, which are those of its queries, a key and a value, for all groups. Queries are scaled as they are
 * turned, not their scores: ONNX Runtime multiplies a single row by a transposed matrix in half the time where the product has no factor.
 */
function anglesOf(
  cos: Value,
  sin: Value,
  { heads, keyValueHeads, headDim }: CausalAttentionShape,
): Pick<NewRowsContext, "angles" | "angleRows"> {
  const { graph } = cos;
  const groups = heads / keyValueHeads;
  const perPosition = keyValueHeads * (groups + 2);
  // The kernel takes the heads of one position for positions, and wants no fewer angles than those.
  const dims: readonly Dim[] = [`2*rows+${perPosition}`, headDim / 2];
  const [allCos, allSin] = [cos, sin].map((turning, index) => {
    const values = new Float32Array((perPosition * headDim) / 2).fill(index === 0 ? 1 : 0);
    const still = graph.constant("float32", [perPosition, headDim / 2], values);
    return graph.node("Concat", [turning, turning.mul(headDim ** -0.5), still], {
      attributes: { axis: 0 },
      dtype: "float32",
      dims,
    });
  }) as [Value, Value];
  // A key has the angles of its position, a query those behind them, and a value the first of those that turn nothing.
  const byHead = (query: bigint, key: bigint, value: bigint): Value => {
    const group = [...Array<bigint>(groups).fill(query), key, value];
    const all = Array.from({ length: keyValueHeads }, () => group).flat();
    return graph.constant("int64", [1, perPosition], BigInt64Array.from(all));
  };
  const own = countTo(graph, "rows")
    .reshape(["rows", 1])
    .mul(byHead(1n, 1n, 0n));
  return {
    angles: [allCos, allSin],
    angleRows: graph
      .size("rows")
      .mul(byHead(1n, 0n, 2n))
      .add(own),
  };
}

/**
 * Whether the heads that share keys are rows of one product. Then a key is read, and packed for the product, once for all of them; on x86
 * ONNX Runtime multiplies a single row without packing, which is faster still.
 */
function stacksGroups({ target }: GraphBuilder): boolean {
  return target.device !== "cpu";
}

/** 0 at the keys that each position may see [batch, 1, sequence, past + sequence]. */
function maskOf(graph: GraphBuilder, pastLengths: Value): Value {
  const validLengths = cast(pastLengths, "int64").reshape(["batch", 1, 1, 1]);
  const past = maskUnless("Less", countTo(graph, "past"), validLengths, ["batch", 1, 1, "past"]);
  const positions = countTo(graph, "sequence");
  const [keys, queries] = [positions.reshape([1, "sequence"]), positions.reshape(["sequence", 1])];
  const causal = maskUnless("LessOrEqual", keys, queries, ["sequence", "sequence"]);
  const one = graph.integers([1]);
  const parts = [
    expand(past, [one, one, graph.size("sequence"), one], ["batch", 1, "sequence", "past"]),
    expand(causal, [graph.size("batch"), one, one, one], ["batch", 1, "sequence", "sequence"]),
  ];
  const dims = ["batch", 1, "sequence", "past+sequence"];
  return graph.node("Concat", parts, { attributes: { axis: 3 }, dtype: "float32", dims });
}

/** x repeated along its axes of size 1, to the sizes that `shape` adds up to. */
function expand(x: Value, shape: readonly Value[], dims: readonly Dim[]): Value {
  return x.graph.node("Expand", [x, x.graph.concat(shape)], { dtype: x.dtype, dims });
}

/**
 * Attention of one layer with rotary positions. Its keys and values are kept for {@link declarePresents}.
 *
 * @returns [rows, heads · headDim]
 */
export function causalAttention(context: CausalContext, inputs: CausalAttentionInputs): Value {
  if (context.kind === "own") return context.attend(inputs);
  if (context.kind === "in-place") return inPlaceAttention(context, inputs);
  const { queryKeyValue, layer } = inputs;
  const { shape, bias, lengths, presents } = context;
  const { heads, keyValueHeads, headDim } = shape;
  const { graph } = bias;
  const groups = heads / keyValueHeads;
  const [query, key, value] = headsOf(context, queryKeyValue);
  presents.push(key, value);
  const isStacked = stacksGroups(graph);
  const q = isStacked ? query.reshape(["batch", keyValueHeads, 1, `${groups}*sequence`, headDim]) : query;

  const scores = [scaled(matmulTransposed(q, pastOf(graph, layer, "key")), layer, "key"), matmulTransposed(q, key)];
  const all: readonly Dim[] = [...q.dims.slice(0, -1), "past+sequence"];
  const joined = graph.node("Concat", scores, { attributes: { axis: 4 }, dtype: "float32", dims: all });
  const softmax = graph.node("Softmax", [joined.add(bias)], { attributes: { axis: 4 }, dtype: "float32", dims: all });
  const [toPast, toNew] = graph.nodes("Split", [softmax, lengths], {
    attributes: { axis: 4 },
    results: ["past", "sequence"].map((keys) => ({ dtype: "float32", dims: [...all.slice(0, -1), keys] })),
  }) as [Value, Value];
  const attended = matmul(scaled(toPast, layer, "value"), pastOf(graph, layer, "value")).add(matmul(toNew, value));
  return unstack(attended, shape);
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
  graph.input(pastName(layer, kind), isInt8 ? "int8" : "float32", ["batch", keyValueHeads, 1, "past", headDim]);
  if (isInt8) graph.input(pastScaleName(layer, kind), "float32", ["batch", keyValueHeads, 1, 1, "past"]);
}

function pastOf(graph: GraphBuilder, layer: number, kind: string): Value {
  const past = graph.inputNamed(pastName(layer, kind));
  return past.dtype === "float32" ? past : cast(past, "float32");
}

/** What belongs to past positions [batch, keyValueHeads, …, past], times their scales. */
function scaled(x: Value, layer: number, kind: string): Value {
  if (x.graph.formats.keyValues !== "int8") return x;
  return x.mul(x.graph.inputNamed(pastScaleName(layer, kind)));
}

/**
 * Declares what the session keeps of this run. Where it appends new rows that is one output, {@link PRESENT} [layers · 2 · batch,
 * keyValueHeads, 1, sequence, headDim], with the rotated keys and the values of each layer in turn; elsewhere each layer has its own.
 */
export function declarePresents(context: CausalContext): void {
  if (context.kind !== "new-rows") return;
  const { presents, shape } = context;
  const { graph } = context.bias;
  const dims = ["layers*2*batch", shape.keyValueHeads, 1, "sequence", shape.headDim];
  graph.output(PRESENT, graph.node("Concat", presents, { attributes: { axis: 0 }, dtype: "float32", dims }));
}

/** Query [batch, keyValueHeads, groups, sequence, headDim], scaled, and key, both turned, and value [batch, keyValueHeads, 1, sequence, headDim]. */
function headsOf({ shape, angles, angleRows }: NewRowsContext, projected: Projections): [Value, Value, Value] {
  const { heads, keyValueHeads, headDim } = shape;
  const { graph } = angleRows;
  const groups = heads / keyValueHeads;
  const perGroup = groups + 2;
  const turned = graph.node("RotaryEmbedding", [headsTogether(projected, shape), angleRows, ...angles], {
    domain: MICROSOFT_DOMAIN,
    dtype: "float32",
    dims: ["rows", keyValueHeads * perGroup, headDim],
  });
  const byHead = turned.reshape(["batch", "sequence", keyValueHeads, perGroup, headDim]).transpose([0, 2, 3, 1, 4]);
  return split(byHead, 2, [groups, 1, 1]) as [Value, Value, Value];
}

/** The heads of each group behind each other, its queries, its key and its value: [rows, keyValueHeads · (groups + 2), headDim]. */
function headsTogether({ joined, parts }: Projections, { heads, keyValueHeads, headDim }: CausalAttentionShape): Value {
  const perGroup = heads / keyValueHeads + 2;
  const dims: readonly Dim[] = ["rows", keyValueHeads * perGroup, headDim];
  if (joined) return joined.reshape(dims);
  const shares = parts().map((part) => part.reshape(["rows", keyValueHeads, knownDim(part.dims, 1) / keyValueHeads]));
  const [{ graph }] = shares as [Value];
  const together: readonly Dim[] = ["rows", keyValueHeads, perGroup * headDim];
  return graph.node("Concat", shares, { attributes: { axis: 2 }, dtype: "float32", dims: together }).reshape(dims);
}
