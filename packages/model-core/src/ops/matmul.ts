import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN, type Dim } from "../onnx/model-proto.js";

/** Batched product a [.., n, k] · b [.., k, m]. */
export function matmul(a: Value, b: Value): Value {
  return a.graph.node("MatMul", [a, b], { dtype: a.dtype, dims: [...a.dims.slice(0, -1), b.dims.at(-1) as Dim] });
}

/** Batched product a [.., n, k] · bᵀ · scale, with b [.., m, k]; in one kernel where there is one. */
export function matmulTransposed(a: Value, b: Value, scale = 1): Value {
  const { device } = a.graph.target;
  if (device !== "cpu" && device !== "wasm") {
    const axes = [...b.dims.keys()];
    const [n, m] = axes.splice(-2) as [number, number];
    return matmul(scale === 1 ? a : a.mul(scale), b.transpose([...axes, m, n]));
  }
  return a.graph.node("FusedMatMul", [a, b], {
    domain: MICROSOFT_DOMAIN,
    attributes: { transB: 1, alpha: { float: scale } },
    dtype: a.dtype,
    dims: [...a.dims.slice(0, -1), b.dims.at(-2) as Dim],
  });
}
