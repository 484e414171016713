import type { Value } from "../graph/value.js";
import type { Weights } from "../weights/weights.js";

/** Rows of a table [rows, ...channels] chosen by `indices` (int64): [...indices, ...channels]. */
export function rowsOf(table: Value, indices: Value): Value {
  return table.graph.node("Gather", [table, indices], {
    attributes: { axis: 0 },
    dtype: table.dtype,
    dims: [...indices.dims, ...table.dims.slice(1)],
  });
}

/** `torch.nn.Embedding`: rows of `weight` [count, channels] chosen by `indices` (int64). */
export function embedding(weights: Weights, indices: Value, count: number, channels: number): Value {
  const table = indices.graph.parameter(weights.param("weight", [count, channels]), "fp32")[0] as Value;
  return rowsOf(table, indices);
}
