import { formatDims, knownDim } from "../graph/dims.js";
import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN } from "../onnx/model-proto.js";
import type { Weights } from "../weights/weights.js";

/** `torch.nn.LayerNorm` over the last axis: (x − mean) / √(variance + epsilon) · weight + bias. */
export function layerNorm(weights: Weights, x: Value, epsilon: number): Value {
  return normalize("LayerNormalization", weights, ["weight", "bias"], x, epsilon);
}

/** `LlamaRMSNorm` over the last axis: x / √(mean(x²) + epsilon) · weight. Where x is a sum of two values, one kernel gives both. */
export function rmsNorm(weights: Weights, x: Value, epsilon: number): Value {
  const { graph, dtype, dims } = x;
  const [a, b] = graph.inputsOf(x, "Add") ?? [];
  if (!a || !b || formatDims(a.dims) !== formatDims(b.dims)) {
    return normalize("SimplifiedLayerNormalization", weights, ["weight"], x, epsilon);
  }
  const parameters = graph.parameter(weights.param("weight", [knownDim(dims, -1)]), "fp32");
  return graph.replaceNode(x, "SkipSimplifiedLayerNormalization", [a, b, ...parameters], {
    domain: MICROSOFT_DOMAIN,
    attributes: { epsilon: { float: epsilon } },
    results: [{ dtype, dims }, undefined, undefined, x],
  })[0] as Value;
}

function normalize(operator: string, weights: Weights, keys: readonly string[], x: Value, epsilon: number): Value {
  const channels = knownDim(x.dims, -1);
  const parameters = keys.flatMap((key) => x.graph.parameter(weights.param(key, [channels]), "fp32"));
  return x.graph.node(operator, [x, ...parameters], {
    attributes: { axis: x.dims.length - 1, epsilon: { float: epsilon } },
    dtype: x.dtype,
    dims: x.dims,
  });
}
