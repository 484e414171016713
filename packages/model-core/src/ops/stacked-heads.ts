/**
 * Attention where the query heads that share keys and values are rows of one product, [batch, keyValueHeads, groups · sequence, headDim]: a key
 * is read once for all heads of its group.
 */
import type { Value } from "../graph/value.js";
import type { Dim } from "../onnx/model-proto.js";
import type { CausalAttentionShape } from "./causal-attention.js";
import { matmul } from "./matmul.js";

/** How many query heads share a key. */
function groupsOf({ heads, keyValueHeads }: CausalAttentionShape): number {
  return heads / keyValueHeads;
}

/** Queries [batch, sequence, keyValueHeads, groups, headDim] → [batch, keyValueHeads, groups · sequence, headDim]. */
export function stackQueries(query: Value, shape: CausalAttentionShape): Value {
  const { keyValueHeads, headDim } = shape;
  return query.transpose([0, 2, 3, 1, 4]).reshape(["batch", keyValueHeads, `${groupsOf(shape)}*sequence`, headDim]);
}

/** What is added to the scores of each new position [batch, 1, sequence, keys] → for stacked heads [batch, 1, groups · sequence, keys]. */
export function stackBias(bias: Value, shape: CausalAttentionShape): Value {
  const { graph, dtype, dims } = bias;
  const keys = dims[3] as Dim;
  const groups = groupsOf(shape);
  return graph
    .node("Expand", [bias, graph.integers([1, groups, 1, 1])], { dtype, dims: ["batch", groups, "sequence", keys] })
    .reshape(["batch", 1, `${groups}*sequence`, keys]);
}

/**
 * The values weighted by the scores of stacked queries.
 *
 * @param scores with their bias [batch, keyValueHeads, groups · sequence, keys].
 * @param values [batch, keyValueHeads, keys, headDim].
 * @returns [rows, heads · headDim]
 */
export function attendStacked(scores: Value, values: Value, shape: CausalAttentionShape): Value {
  const { graph, dtype, dims } = scores;
  const weights = graph.node("Softmax", [scores], { attributes: { axis: 3 }, dtype, dims });
  return unstack(matmul(weights, values), shape);
}

/** What was attended to [batch, keyValueHeads, groups · sequence, headDim], or with more axes in between, → [rows, heads · headDim]. */
export function unstack(attended: Value, shape: CausalAttentionShape): Value {
  const { heads, keyValueHeads, headDim } = shape;
  return attended
    .reshape(["batch", keyValueHeads, groupsOf(shape), "sequence", headDim])
    .transpose([0, 3, 1, 2, 4])
    .reshape(["rows", heads * headDim]);
}
