import { knownDim, productOf } from "../graph/dims.js";
import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN } from "../onnx/model-proto.js";
import { bitsOf, blockLengths, type BlockFormat, type WeightFormat } from "../weights/weight-format.js";
import type { Parameter } from "../weights/checkpoint-tensor.js";
import { parameterRows } from "../weights/parameter-rows.js";
import { storedForm } from "../weights/place-weights.js";
import type { Weights } from "../weights/weights.js";
import { cast } from "./cast.js";
import { quantizedRows } from "./quantized-rows.js";
import { split } from "./split.js";

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
  const weight = graph.parameter(weights.param("weight", [features, inFeatures]), format);
  const bias = hasBias ? graph.parameter(weights.param("bias", [features]), "fp32")[0] : undefined;
  const rows = x.reshape([productOf(x.dims.slice(0, -1)), inFeatures]);
  return kernels[format](rows, weight, bias, features).reshape([...x.dims.slice(0, -1), features]);
}

/** The results of several layers of one input. */
export interface Projections {
  /** Outputs of each layer. */
  readonly sizes: readonly number[];
  /** All side by side [..., sum of sizes], where one product gives them: group by group, and in each its share of every layer. */
  readonly joined?: Value | undefined;
  /** Each [..., size]. */
  readonly parts: () => readonly Value[];
}

/**
 * Several {@link linear} layers without bias of the same x [..., in]. Where their weights are converted anyway, they are stored as one
 * matrix, so that one product does the work of all: with a single row of x, starting a product costs as much as some of them take.
 *
 * @param groups how many groups the outputs of every layer are divided into, which are to lie together.
 */
export function projections(
  layers: readonly (readonly [weights: Weights, features: number])[],
  x: Value,
  groups = 1,
): Projections {
  const { graph } = x;
  const format = graph.formats.linear;
  const inFeatures = knownDim(x.dims, -1);
  const sizes = layers.map(([, features]) => features);
  const parameters = layers.map(([weights, features]) => weights.param("weight", [features, inFeatures]));
  const isSeparate = graph.target.keyValueCache === "joined" || parameters.some((each) => storedForm(each, format));
  if (isSeparate) {
    const parts = layers.map(([weights, features]) => linear(weights, x, features, { bias: false }));
    return { sizes, parts: () => parts };
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const leading = x.dims.slice(0, -1);
  const rows = x.reshape([productOf(leading), inFeatures]);
  const weight = graph.stackedParameter(groups === 1 ? parameters : inGroups(parameters, groups), format);
  const joined = kernels[format](rows, weight, undefined, total).reshape([...leading, total]);
  const parts = (): readonly Value[] => {
    const grouped = groups === 1 ? joined : joined.reshape([...leading, groups, total / groups]);
    const shares = sizes.map((size) => size / groups);
    return split(grouped, grouped.dims.length - 1, shares).map((part, index) => {
      return part.reshape([...leading, sizes[index] as number]);
    });
  };
  return { sizes, joined, parts };
}

/** The rows of several matrices: those of the first group of each, of the second … */
function inGroups(parameters: readonly Parameter[], groups: number): readonly Parameter[] {
  return Array.from({ length: groups }, (_, group) =>
    parameters.map((parameter) => {
      const count = (parameter.shape[0] as number) / groups;
      return parameterRows(parameter, group * count, count);
    }),
  ).flat();
}

/** x [rows, in] times the stored weight [features, in] plus the bias [features], float32 [rows, features]. */
type Kernel = (x: Value, weight: readonly Value[], bias: Value | undefined, features: number) => Value;

const kernels: Readonly<Record<WeightFormat, Kernel>> = {
  fp32: (x, [weight], bias, features) => gemm(x, weight as Value, bias, features),
  fp16: half,
  q8: (x, weight, bias, features) => blocks("q8", x, weight, bias, features),
  q4: (x, weight, bias, features) => blocks("q4", x, weight, bias, features),
  int8: rowwise,
};

/** Gemm takes the weight as PyTorch lays it out; MatMul would need a transposed copy of it. */
function gemm(x: Value, weight: Value, bias: Value | undefined, features: number): Value {
  return x.graph.node("Gemm", [x, weight, ...(bias ? [bias] : [])], {
    attributes: { transB: 1 },
    dtype: x.dtype,
    dims: [x.dims[0] ?? 1, features],
  });
}

/**
 * A float16 weight. Where the target computes in float16, only the product does: sums over layers and the bias stay float32, whose range
 * no activation leaves. Elsewhere the weight is widened, which ONNX Runtime does once when it loads.
 */
function half(x: Value, [weight]: readonly Value[], bias: Value | undefined, features: number): Value {
  if (!x.graph.target.float16) return gemm(x, cast(weight as Value, "float32"), bias, features);
  const y = cast(gemm(cast(x, "float16"), weight as Value, undefined, features), "float32");
  return bias ? y.add(bias) : y;
}

function blocks(
  format: BlockFormat,
  x: Value,
  weight: readonly Value[],
  bias: Value | undefined,
  features: number,
): Value {
  const y = x.graph.node("MatMulNBits", [x, ...weight], {
    domain: MICROSOFT_DOMAIN,
    attributes: {
      K: knownDim(x.dims, -1),
      N: features,
      bits: bitsOf[format],
      block_size: blockLengths[format],
      accuracy_level: INT8_PRODUCTS,
    },
    dtype: "float32",
    dims: [x.dims[0] ?? 1, features],
  });
  return bias ? y.add(bias) : y;
}

/** Rows rounded to integers with a scale of their own: an outlier in one row coarsens no other. */
function rowwise(x: Value, [weight, scales]: readonly Value[], bias: Value | undefined, features: number): Value {
  const { graph } = x;
  const { steps, scale, zero } = quantizedRows(x);
  const product = graph.node("MatMulIntegerToFloat", [steps, weight, graph.scalar(1), scales, zero], {
    domain: MICROSOFT_DOMAIN,
    dtype: "float32",
    dims: [x.dims[0] ?? 1, features],
  });
  const y = product.mul(scale);
  return bias ? y.add(bias) : y;
}
