import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN } from "../onnx/model-proto.js";

/** `gelu_pytorch_tanh`: 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))). */
export function geluPytorchTanh(x: Value): Value {
  return x.graph.node("Gelu", [x], { attributes: { approximate: "tanh" }, dtype: x.dtype, dims: x.dims });
}

/** x · sigmoid(x). */
export function silu(x: Value): Value {
  return x.graph.node("QuickGelu", [x], {
    domain: MICROSOFT_DOMAIN,
    attributes: { alpha: { float: 1 } },
    dtype: x.dtype,
    dims: x.dims,
  });
}
