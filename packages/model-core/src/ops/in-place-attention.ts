import type { GraphBuilder } from "../graph/graph-builder.js";
import type { Value } from "../graph/value.js";
import type { Dim } from "../onnx/model-proto.js";
import { maskUnless } from "./attention-masks.js";
import type { CausalAttentionInputs, CausalAttentionShape } from "./causal-attention.js";
import { matmulTransposed } from "./matmul.js";
import { pastName, presentName } from "./past-names.js";
import { rotate } from "./rotate.js";
import { attendStacked, stackBias, stackQueries } from "./stacked-heads.js";

/** What the layers of one graph share where one buffer is past and present. */
export interface InPlaceContext {
  readonly kind: "in-place";
  readonly shape: CausalAttentionShape;
  /** Rotary angles of this run's positions [rows, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** 0 where a position may look, for stacked heads [batch, 1, groups · sequence, capacity]. */
  readonly bias: Value;
  /** Where in the buffer the new positions go: row, head and position, int64 [rows, keyValueHeads, 3]. */
  readonly places: Value;
  /** [batch, sequence, keyValueHeads, groups, headDim], int64 [5]. */
  readonly queryShape: Value;
}

/**
 * Declares the inputs that position and mask the attention: `positions` float32 [batch, 1, sequence, 1], those of this run in their rows;
 * `places` int64 [rows, keyValueHeads, 3], where in the buffer their keys and values go: row, head and position; `query_shape` int64 [5],
 * that is [batch, sequence, keyValueHeads, groups, headDim]; `rotary_cos` and `rotary_sin` float32 [rows, headDim / 2]; and the past of
 * every layer, of `capacity` positions per row. `ScatterND` writes the new ones into its first input where its output is the same buffer;
 * otherwise it copies, and the numbers are the same.
 *
 * The host counts what it can, since a GPU has no 64-bit integers: each operation with some would run on the processor, and wait for it.
 *
 * `GroupQueryAttention` would write in place too, but refuses several rows with several new positions behind a past.
 */
export function inPlaceContext(graph: GraphBuilder, shape: CausalAttentionShape, layers: number): InPlaceContext {
  const { keyValueHeads, headDim } = shape;
  const angles: readonly Dim[] = ["rows", headDim / 2];
  const positions = graph.input("positions", "float32", ["batch", 1, "sequence", 1]);
  const places = graph.input("places", "int64", ["rows", keyValueHeads, 3]);
  const queryShape = graph.input("query_shape", "int64", [5]);
  const cos = graph.input("rotary_cos", "float32", angles);
  const sin = graph.input("rotary_sin", "float32", angles);
  for (let layer = 0; layer < layers; layer++) {
    for (const kind of ["key", "value"]) {
      graph.input(pastName(layer, kind), "float32", ["batch", keyValueHeads, "capacity", headDim]);
    }
  }
  const isSeen = maskUnless("LessOrEqual", slots(graph), positions, ["batch", 1, "sequence", "capacity"]);
  return { kind: "in-place", shape, cos, sin, bias: stackBias(isSeen, shape), places, queryShape };
}

/** 0, 1, … for the positions of a buffer, float32 [capacity]. */
function slots(graph: GraphBuilder): Value {
  const one = graph.constant("float32", [1], Float32Array.of(1));
  const ones = expand(one, graph.size("capacity"), ["capacity"]);
  return graph.node("CumSum", [ones, graph.constant("int32", [], Int32Array.of(0))], {
    attributes: { exclusive: 1 },
    dtype: "float32",
    dims: ["capacity"],
  });
}

function expand(x: Value, sizes: Value, dims: readonly Dim[]): Value {
  return x.graph.node("Expand", [x, sizes], { dtype: x.dtype, dims });
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
  const scaled = rotate(context, query).mul(headDim ** -0.5);
  const split = { dtype: scaled.dtype, dims: ["batch", "sequence", keyValueHeads, heads / keyValueHeads, headDim] };
  const q = stackQueries(graph.node("Reshape", [scaled, context.queryShape], split), context.shape);
  const [keys, values] = Object.entries({ key: rotate(context, key), value }).map(([kind, rows]) => {
    const added = rows.reshape(["rows", keyValueHeads, headDim]);
    const past = graph.inputNamed(pastName(layer, kind));
    const present = graph.node("ScatterND", [past, context.places, added], { dtype: past.dtype, dims: past.dims });
    graph.output(presentName(layer, kind), present);
    return present;
  }) as [Value, Value];
  return attendStacked(matmulTransposed(q, keys).add(context.bias), values, context.shape);
}
