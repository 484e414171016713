import type { Value } from "../graph/value.js";
import type { Dim } from "../onnx/model-proto.js";

/** Batched product a [.., n, k] · b [.., k, m]. */
export function matmul(a: Value, b: Value): Value {
  return a.graph.node("MatMul", [a, b], { dtype: a.dtype, dims: [...a.dims.slice(0, -1), b.dims.at(-1) as Dim] });
}
