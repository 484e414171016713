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
import { GraphError } from "../graph/graph-error.js";
import { MICROSOFT_DOMAIN, type Dim } from "../onnx/model-proto.js";

/** Added to the score of a key that is not to be seen: its weight becomes exactly 0. */
const MASKED = -1e9;

/** Sizes of the attention of all layers. */
export interface CausalAttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/** What the layers of one graph share. */
export interface CausalContext {
  readonly shape: CausalAttentionShape;
  /** Rotary angles of this run's positions [rows, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** 0 at the valid positions of the past [batch, 1, 1, past]. */
  readonly pastBias: Value;
  /** 0 at this run's positions up to the own one, for stacked heads [groups · sequence, sequence]. */
  readonly newBias: Value;
  /** Sizes of past and new positions, int64 [2]. */
  readonly lengths: Value;
}

/** Query [rows, heads · headDim], key and value [rows, keyValueHeads · headDim] of one layer; rows are batch · sequence. */
export interface CausalAttentionInputs {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly layer: number;
}

/**
 * Declares the inputs that position and mask the attention: `past_lengths` int32 [batch] (valid positions of each row's past),
 * `rotary_cos` and `rotary_sin` float32 [rows, headDim / 2], and the past of every layer. New positions beyond a row's own number of
 * them are padding on the right, which causality hides from the others.
 *
 * @throws GraphError for a target that keeps the cache in place.
 */
export function causalContext(graph: GraphBuilder, shape: CausalAttentionShape, layers: number): CausalContext {
  if (graph.target.keyValueCache !== "new-rows") {
    throw new GraphError(`There is no attention for a key-value cache of kind ${graph.target.keyValueCache} yet.`);
  }
  const { keyValueHeads, headDim, heads } = shape;
  const angles: readonly Dim[] = ["rows", headDim / 2];
  const pastLengths = graph.input("past_lengths", "int32", ["batch"]);
  const cos = graph.input("rotary_cos", "float32", angles);
  const sin = graph.input("rotary_sin", "float32", angles);
  for (let layer = 0; layer < layers; layer++) {
    for (const kind of ["key", "value"]) {
      graph.input(pastName(layer, kind), "float32", ["batch", keyValueHeads, "past", headDim]);
    }
  }
  const pastPositions = countTo(graph, "past");
  const validLengths = cast(pastLengths, "int64").reshape(["batch", 1, 1, 1]);
  const positions = countTo(graph, "sequence");
  const groups = heads / keyValueHeads;
  const causal = maskUnless("LessOrEqual", positions.reshape([1, "sequence"]), positions.reshape(["sequence", 1]), [
    "sequence",
    "sequence",
  ]);
  return {
    shape,
    cos,
    sin,
    pastBias: maskUnless("Less", pastPositions, validLengths, ["batch", 1, 1, "past"]),
    newBias: graph
      .node("Expand", [causal, graph.integers([groups, 1, 1])], {
        dtype: "float32",
        dims: [groups, "sequence", "sequence"],
      })
      .reshape([`${groups}*sequence`, "sequence"]),
    lengths: graph.concat([graph.size("past"), graph.size("sequence")]),
  };
}

/**
 * Attention of one layer with rotary positions; the rotated keys and the values become its outputs `present.{layer}.key` and
 * `present.{layer}.value` [batch, keyValueHeads, sequence, headDim].
 *
 * @returns [rows, heads · headDim]
 */
export function causalAttention(context: CausalContext, { query, key, value, layer }: CausalAttentionInputs): Value {
  const { shape, pastBias, newBias, lengths } = context;
  const { heads, keyValueHeads, headDim } = shape;
  const { graph } = query;
  const groups = heads / keyValueHeads;
  const groupRows = `${groups}*sequence`;
  const pastKeys = graph.inputNamed(pastName(layer, "key"));
  const pastValues = graph.inputNamed(pastName(layer, "value"));

  const q = rotate(context, query)
    .mul(headDim ** -0.5)
    .reshape(["batch", "sequence", keyValueHeads, groups, headDim])
    .transpose([0, 2, 3, 1, 4])
    .reshape(["batch", keyValueHeads, groupRows, headDim]);
  const [k, v] = [rotate(context, key), value].map((x) =>
    x.reshape(["batch", "sequence", keyValueHeads, headDim]).transpose([0, 2, 1, 3]),
  ) as [Value, Value];
  graph.output(presentName(layer, "key"), k);
  graph.output(presentName(layer, "value"), v);

  const scores = [
    matmul(q, pastKeys.transpose([0, 1, 3, 2])).add(pastBias),
    matmul(q, k.transpose([0, 1, 3, 2])).add(newBias),
  ];
  const all: readonly Dim[] = ["batch", keyValueHeads, groupRows, "past+sequence"];
  const joined = graph.node("Concat", scores, { attributes: { axis: 3 }, dtype: "float32", dims: all });
  const softmax = graph.node("Softmax", [joined], { attributes: { axis: 3 }, dtype: "float32", dims: all });
  const [toPast, toNew] = graph.nodes("Split", [softmax, lengths], {
    attributes: { axis: 3 },
    results: ["past", "sequence"].map((keys) => ({ dtype: "float32", dims: [...all.slice(0, 3), keys] })),
  }) as [Value, Value];
  return matmul(toPast, pastValues)
    .add(matmul(toNew, v))
    .reshape(["batch", keyValueHeads, groups, "sequence", headDim])
    .transpose([0, 3, 1, 2, 4])
    .reshape(["rows", heads * headDim]);
}

const pastName = (layer: number, kind: string): string => `past_key_values.${layer}.${kind}`;
const presentName = (layer: number, kind: string): string => `present.${layer}.${kind}`;

/**
 * x [rows, heads · headDim] with each pair of channels (i, i + headDim / 2) of a head turned by the angle of its row; as
 * [1, rows, heads · headDim], since the rows are one sequence to the kernel, whose position p has the angles of row p.
 */
function rotate({ cos, sin }: CausalContext, x: Value): Value {
  const { graph, dtype } = x;
  const dims = [1, ...x.dims];
  return graph.node("RotaryEmbedding", [x.reshape(dims), graph.integers([0]), cos, sin], {
    domain: MICROSOFT_DOMAIN,
    dtype,
    dims,
  });
}

/** Batched product a [.., n, k] · b [.., k, m]. */
function matmul(a: Value, b: Value): Value {
  return a.graph.node("MatMul", [a, b], { dtype: a.dtype, dims: [...a.dims.slice(0, -1), b.dims.at(-1) as Dim] });
}

/** 0, 1, … up to the size that a name stands for, int64 [name]. */
function countTo(graph: GraphBuilder, name: string): Value {
  const [start, step] = [0n, 1n].map((value) => graph.constant("int64", [], BigInt64Array.of(value)));
  return graph.node("Range", [start, graph.size(name).reshape([]), step], { dtype: "int64", dims: [name] });
}

function cast(x: Value, to: "int64"): Value {
  // TensorProto.DataType.INT64
  return x.graph.node("Cast", [x], { attributes: { to: 7 }, dtype: to, dims: x.dims });
}

/** 0 where `a` compares so to `b`, very negative elsewhere. */
function maskUnless(comparison: "Less" | "LessOrEqual", a: Value, b: Value, dims: readonly Dim[]): Value {
  const { graph } = a;
  const condition = graph.node(comparison, [a, b], { dtype: "bool", dims });
  return graph.node("Where", [condition, graph.scalar(0), graph.scalar(MASKED)], { dtype: "float32", dims });
}
