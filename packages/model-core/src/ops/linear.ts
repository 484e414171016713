import { knownDim, productOf } from "../graph/dims.js";
import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN } from "../onnx/model-proto.js";
import { bitsOf, QUANTIZATION_BLOCK, type WeightFormat } from "../weights/stored-parameter.js";
import type { Weights } from "../weights/weights.js";

/** `accuracy_level` of `MatMulNBits` that multiplies in int8: fastest by far on CPUs, with an error far below that of the weights. */
const INT8_PRODUCTS = 4;

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Whether there is a `bias`; true by default. */
  readonly bias?: boolean | undefined;
}

/** `torch.nn.Linear`: x [..., in] → [..., features], with `weight` [features, in] and `bias` [features]. */
export function linear(weights: Weights, x: Value, features: number, options: LinearOptions = {}): Value {
  return product(weights, x, features, x.graph.formats.linear, options.bias ?? true);
}

/** The output layer, x [rows, in] → [rows, features]: a {@link linear} without bias that may have a storage format of its own. */
export function outputProjection(weights: Weights, x: Value, features: number): Value {
  return product(weights, x, features, x.graph.formats.head, false);
}

function product(weights: Weights, x: Value, features: number, format: WeightFormat, hasBias: boolean): Value {
  const { graph } = x;
  const inFeatures = knownDim(x.dims, -1);
  const parts = graph.parameter(weights.param("weight", [features, inFeatures]), format);
  const bias = hasBias ? graph.parameter(weights.param("bias", [features]), "fp32")[0] : undefined;
  const dims = [...x.dims.slice(0, -1), features];
  if (format === "fp32") {
    // Gemm takes the weight as PyTorch lays it out; MatMul would need a transposed copy of it.
    const rows = productOf(x.dims.slice(0, -1));
    return graph
      .node("Gemm", [x.reshape([rows, inFeatures]), ...parts, ...(bias ? [bias] : [])], {
        attributes: { transB: 1 },
        dtype: "float32",
        dims: [rows, features],
      })
      .reshape(dims);
  }
  const y = graph.node("MatMulNBits", [x, ...parts], {
    domain: MICROSOFT_DOMAIN,
    attributes: {
      K: inFeatures,
      N: features,
      bits: bitsOf[format],
      block_size: QUANTIZATION_BLOCK,
      accuracy_level: INT8_PRODUCTS,
    },
    dtype: "float32",
    dims,
  });
  return bias ? y.add(bias) : y;
}
