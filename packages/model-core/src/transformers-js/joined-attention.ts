import type { GraphBuilder } from "../graph/graph-builder.js";
import type { Value } from "../graph/value.js";
import type { Dim } from "../onnx/model-proto.js";
import { biasOf, compare, countTo } from "../ops/attention-masks.js";
import { cast } from "../ops/cast.js";
import type { CausalAttentionInputs, CausalAttentionShape, OwnContext } from "../ops/causal-attention.js";
import { matmul } from "../ops/matmul.js";
import { pastName, presentName } from "../ops/past-names.js";
import { rotaryFrequencies } from "../ops/rotary-frequencies.js";
import { rotate } from "../ops/rotate.js";
import { attendStacked, stackBias, stackQueries } from "../ops/stacked-heads.js";

/** What the layers of one graph share. */
interface JoinedContext {
  readonly shape: CausalAttentionShape;
  /** Rotary angles of this run's positions [rows, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** 0 where a position may look, for stacked heads [batch, 1, groups · sequence, past + sequence]. */
  readonly bias: Value;
}

const TOTAL = "past+sequence";

/**
 * Attention whose past and new rows come out together (`keyValueCache: "joined"`). Declares the inputs by which exported decoders are
 * positioned and masked: `attention_mask` int64 [batch, past + sequence], 0 at padding wherever it is, `position_ids` int64 [batch,
 * sequence], and the past of every layer, which may have no rows.
 */
export function joinedAttention(graph: GraphBuilder, shape: CausalAttentionShape, layers: number): OwnContext {
  const { keyValueHeads, headDim, ropeTheta } = shape;
  const mask = graph.input("attention_mask", "int64", ["batch", TOTAL]);
  const positionIds = graph.input("position_ids", "int64", ["batch", "sequence"]);
  for (let layer = 0; layer < layers; layer++) {
    for (const kind of ["key", "value"]) {
      graph.input(pastName(layer, kind), "float32", ["batch", keyValueHeads, "past", headDim]);
    }
  }
  const half = headDim / 2;
  const frequencies = graph.constant("float32", [1, half], rotaryFrequencies(headDim, ropeTheta));
  const angles = cast(positionIds, "float32").reshape(["rows", 1]).mul(frequencies);
  const [cos, sin] = ["Cos", "Sin"].map((operator) =>
    graph.node(operator, [angles], { dtype: "float32", dims: ["rows", half] }),
  ) as [Value, Value];
  const context = { shape, cos, sin, bias: stackBias(maskOf(mask), shape) };
  return { kind: "own", attend: (inputs) => attend(context, inputs) };
}

/**
 * 0 at the keys up to the own one that are not padding [batch, 1, sequence, past + sequence]; the position of new row i among them is
 * past + i.
 */
function maskOf(mask: Value): Value {
  const { graph } = mask;
  const positions = countTo(graph, "sequence").reshape(["sequence", 1]).add(graph.size("past"));
  const isBefore = compare("LessOrEqual", countTo(graph, TOTAL), positions, ["sequence", TOTAL]);
  const dims: readonly Dim[] = ["batch", 1, "sequence", TOTAL];
  const isKey = cast(mask, "bool").reshape(["batch", 1, 1, TOTAL]);
  return biasOf(graph.node("And", [isKey, isBefore], { dtype: "bool", dims }));
}

/**
 * Attention of one layer with rotary positions; past and new keys and values together become its outputs `present.{layer}.key` and
 * `present.{layer}.value` [batch, keyValueHeads, past + sequence, headDim].
 *
 * @returns [rows, heads · headDim]
 */
function attend(context: JoinedContext, { queryKeyValue, layer }: CausalAttentionInputs): Value {
  const [query, key, value] = queryKeyValue.parts() as [Value, Value, Value];
  const { heads, keyValueHeads, headDim } = context.shape;
  const { graph } = query;
  const byPosition = rotate(context, query)
    .mul(headDim ** -0.5)
    .reshape(["batch", "sequence", keyValueHeads, heads / keyValueHeads, headDim]);
  const q = stackQueries(byPosition, context.shape);
  const [keys, values] = Object.entries({ key: rotate(context, key), value }).map(([kind, rows]) => {
    const added = rows.reshape(["batch", "sequence", keyValueHeads, headDim]).transpose([0, 2, 1, 3]);
    const joined = graph.node("Concat", [graph.inputNamed(pastName(layer, kind)), added], {
      attributes: { axis: 2 },
      dtype: "float32",
      dims: ["batch", keyValueHeads, TOTAL, headDim],
    });
    graph.output(presentName(layer, kind), joined);
    return joined;
  }) as [Value, Value];
  return attendStacked(matmul(q, keys.transpose([0, 1, 3, 2])).add(context.bias), values, context.shape);
}
