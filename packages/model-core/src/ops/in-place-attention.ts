import type { GraphBuilder } from "../graph/graph-builder.js";
import type { Value } from "../graph/value.js";
import type { Dim } from "../onnx/model-proto.js";
import { countTo, maskUnless } from "./attention-masks.js";
import { cast } from "./cast.js";
import type { CausalAttentionInputs, CausalAttentionShape } from "./causal-attention.js";
import { matmul, matmulTransposed } from "./matmul.js";
import { pastName, presentName } from "./past-names.js";
import { rotate } from "./rotate.js";

/** What the layers of one graph share where one buffer is past and present. */
export interface InPlaceContext {
  readonly kind: "in-place";
  readonly shape: CausalAttentionShape;
  /** Rotary angles of this run's positions [rows, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** 0 where a position may look, for stacked heads [batch, 1, groups · sequence, capacity]. */
  readonly bias: Value;
  /** Where in the buffer the new positions go: row, head and position, int64 [batch, keyValueHeads, sequence, 3]. */
  readonly places: Value;
}

/**
 * Declares the inputs that position and mask the attention, the same as where the session appends new rows, but that the past has
 * `capacity` positions per row, of which the run writes those behind a row's own length. `ScatterND` writes them into its first input
 * where its output is the same buffer; otherwise it copies, and the numbers are the same.
 *
 * `GroupQueryAttention` would write in place too, but refuses several rows with several new positions behind a past.
 */
export function inPlaceContext(graph: GraphBuilder, shape: CausalAttentionShape, layers: number): InPlaceContext {
  const { keyValueHeads, headDim, heads } = shape;
  const angles: readonly Dim[] = ["rows", headDim / 2];
  const pastLengths = graph.input("past_lengths", "int32", ["batch"]);
  const cos = graph.input("rotary_cos", "float32", angles);
  const sin = graph.input("rotary_sin", "float32", angles);
  for (let layer = 0; layer < layers; layer++) {
    for (const kind of ["key", "value"]) {
      graph.input(pastName(layer, kind), "float32", ["batch", keyValueHeads, "capacity", headDim]);
    }
  }
  const groups = heads / keyValueHeads;
  /** Of each new position in its row of the buffer. */
  const positions = cast(pastLengths, "int64")
    .reshape(["batch", 1, 1, 1])
    .add(countTo(graph, "sequence").reshape([1, 1, "sequence", 1]));
  const slots = countTo(graph, "capacity").reshape([1, 1, 1, "capacity"]);
  const isSeen = maskUnless("LessOrEqual", slots, positions, ["batch", 1, "sequence", "capacity"]);
  const bias = expand(isSeen, [1, groups, 1, 1], ["batch", groups, "sequence", "capacity"]);
  return {
    kind: "in-place",
    shape,
    cos,
    sin,
    bias: bias.reshape(["batch", 1, `${groups}*sequence`, "capacity"]),
    places: placesOf(graph, positions, keyValueHeads),
  };
}

function placesOf(graph: GraphBuilder, positions: Value, keyValueHeads: number): Value {
  const dims: readonly Dim[] = ["batch", keyValueHeads, "sequence", 1];
  const sizes = graph.concat([
    graph.size("batch"),
    graph.integers([keyValueHeads]),
    graph.size("sequence"),
    graph.integers([1]),
  ]);
  const rows = countTo(graph, "batch").reshape(["batch", 1, 1, 1]);
  const heads = graph
    .constant(
      "int64",
      [keyValueHeads],
      BigInt64Array.from({ length: keyValueHeads }, (_, head) => BigInt(head)),
    )
    .reshape([1, keyValueHeads, 1, 1]);
  const parts = [rows, heads, positions].map((part) => {
    return graph.node("Expand", [part, sizes], { dtype: "int64", dims });
  });
  return graph.node("Concat", parts, { attributes: { axis: 3 }, dtype: "int64", dims: [...dims.slice(0, 3), 3] });
}

function expand(x: Value, factors: readonly number[], dims: readonly Dim[]): Value {
  return x.graph.node("Expand", [x, x.graph.integers([...factors])], { dtype: x.dtype, dims });
}

/**
 * Attention of one layer with rotary positions; the buffers with this run's keys and values written into them become its outputs
 * `present.{layer}.key` and `present.{layer}.value` [batch, keyValueHeads, capacity, headDim].
 *
 * @returns [rows, heads · headDim]
 */
export function inPlaceAttention(context: InPlaceContext, { queryKeyValue, layer }: CausalAttentionInputs): Value {
  const [query, key, value] = queryKeyValue.parts() as [Value, Value, Value];
  const { heads, keyValueHeads, headDim } = context.shape;
  const { graph } = query;
  const groups = heads / keyValueHeads;
  const groupRows = `${groups}*sequence`;
  const q = rotate(context, query)
    .mul(headDim ** -0.5)
    .reshape(["batch", "sequence", keyValueHeads, groups, headDim])
    .transpose([0, 2, 3, 1, 4])
    .reshape(["batch", keyValueHeads, groupRows, headDim]);
  const [keys, values] = Object.entries({ key: rotate(context, key), value }).map(([kind, rows]) => {
    const added = rows.reshape(["batch", "sequence", keyValueHeads, headDim]).transpose([0, 2, 1, 3]);
    const past = graph.inputNamed(pastName(layer, kind));
    const present = graph.node("ScatterND", [past, context.places, added], { dtype: past.dtype, dims: past.dims });
    graph.output(presentName(layer, kind), present);
    return present;
  }) as [Value, Value];
  const scores = matmulTransposed(q, keys).add(context.bias);
  const weights = graph.node("Softmax", [scores], { attributes: { axis: 3 }, dtype: "float32", dims: scores.dims });
  return matmul(weights, values)
    .reshape(["batch", keyValueHeads, groups, "sequence", headDim])
    .transpose([0, 3, 1, 2, 4])
    .reshape(["rows", heads * headDim]);
}
