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
import type { Dim } from "../onnx/model-proto.js";
import { cast, countTo, maskUnless } from "./attention-masks.js";
import { joinedAttention, joinedContext, type JoinedContext } from "./joined-attention.js";
import { matmul } from "./matmul.js";
import { pastName, presentName } from "./past-names.js";
import { rotate } from "./rotate.js";

/** Sizes of the attention of all layers. */
export interface CausalAttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /** Base of the rotary frequencies. */
  readonly ropeTheta: number;
}

/** What the layers of one graph share. */
export type CausalContext = NewRowsContext | JoinedContext;

/** What they share where the session appends the new rows. */
export interface NewRowsContext {
  readonly kind: "new-rows";
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
  if (graph.target.keyValueCache === "joined") return joinedContext(graph, shape, layers);
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
    kind: "new-rows",
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
export function causalAttention(context: CausalContext, inputs: CausalAttentionInputs): Value {
  if (context.kind === "joined") return joinedAttention(context, inputs);
  const { query, key, value, layer } = inputs;
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
