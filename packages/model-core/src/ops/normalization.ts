import { knownDim } from "../graph/dims.js";
import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN } from "../onnx/model-proto.js";
import type { Weights } from "../weights/weights.js";

/** `torch.nn.LayerNorm` over the last axis: (x − mean) / √(variance + epsilon) · weight + bias. */
export function layerNorm(weights: Weights, x: Value, epsilon: number): Value {
  return normalize("LayerNormalization", weights, ["weight", "bias"], x, epsilon);
}

/** `LlamaRMSNorm` over the last axis: x / √(mean(x²) + epsilon) · weight. */
export function rmsNorm(weights: Weights, x: Value, epsilon: number): Value {
  return normalize("SimplifiedLayerNormalization", weights, ["weight"], x, epsilon);
}

/** The sum of x and y, and its {@link rmsNorm}. */
export function addThenRmsNorm(
  weights: Weights,
  x: Value,
  y: Value,
  epsilon: number,
): { readonly sum: Value; readonly normed: Value } {
  const { graph, dtype, dims } = x;
  const parameters = graph.parameter(weights.param("weight", [knownDim(dims, -1)]), "fp32");
  const result = { dtype, dims };
  const [normed, sum] = graph.nodes("SkipSimplifiedLayerNormalization", [x, y, ...parameters], {
    domain: MICROSOFT_DOMAIN,
    attributes: { epsilon: { float: epsilon } },
    results: [result, undefined, undefined, result],
  }) as [Value, Value];
  return { sum, normed };
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
