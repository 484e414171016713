import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN, type Dim } from "../onnx/model-proto.js";

/** Batched product a [.., n, k] · b [.., k, m]. */
export function matmul(a: Value, b: Value): Value {
  return a.graph.node("MatMul", [a, b], { dtype: a.dtype, dims: [...a.dims.slice(0, -1), b.dims.at(-1) as Dim] });
}

/** Batched product a [.., n, k] · bᵀ, with b [.., m, k]; in one kernel where there is one. */
export function matmulTransposed(a: Value, b: Value): Value {
  const { device } = a.graph.target;
  if (device !== "cpu" && device !== "wasm") return matmul(a, b.transpose([0, 1, 3, 2]));
  return a.graph.node("FusedMatMul", [a, b], {
    domain: MICROSOFT_DOMAIN,
    attributes: { transB: 1 },
    dtype: a.dtype,
    dims: [...a.dims.slice(0, -1), b.dims.at(-2) as Dim],
  });
}
