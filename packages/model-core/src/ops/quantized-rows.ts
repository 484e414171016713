import { knownDim } from "../graph/dims.js";
import { GraphError } from "../graph/graph-error.js";
import type { GraphBuilder } from "../graph/graph-builder.js";
import type { Value } from "../graph/value.js";

/** Rows as integers. */
export interface QuantizedRows {
  /** uint8 [rows, channels]; a row is (steps − zero) · scale. */
  readonly steps: Value;
  /** float32 [rows, 1]. */
  readonly scale: Value;
  /** uint8 []. */
  readonly zero: Value;
}

/** Of a row of zeros, whose scale would otherwise divide by 0. */
const LEAST_MAGNITUDE = 1e-30;

/** Rows already quantised: the projections of one layer share their input. */
const known = new WeakMap<Value, QuantizedRows>();

/**
 * x float32 [rows, channels] in as many bits as the target multiplies without overflow, symmetric around 0, each row by its own greatest
 * magnitude.
 *
 * @throws GraphError for a target that does not multiply such rows.
 */
export function quantizedRows(x: Value): QuantizedRows {
  const found = known.get(x);
  if (found) return found;
  const { graph } = x;
  const bits = graph.target.quantizedMatMul.rowwiseBits;
  if (bits === 0) throw new GraphError(`The target ${graph.target.device} does not multiply rows of integers.`);
  const [rows = 1] = x.dims;
  const zero = 2 ** (bits - 1);
  const magnitudes = graph.node("Abs", [x], { dtype: "float32", dims: x.dims });
  const greatest = graph.node("ReduceMax", [magnitudes, graph.integers([1])], {
    attributes: { keepdims: 0 },
    dtype: "float32",
    dims: [rows],
  });
  const bounded = graph.node("Max", [greatest, graph.scalar(LEAST_MAGNITUDE)], { dtype: "float32", dims: [rows] });
  const scale = bounded.mul(1 / (zero - 1));
  const steps = graph.node("QuantizeLinear", [x, scale, filled(graph, x, zero)], {
    attributes: { axis: 0 },
    dtype: "uint8",
    dims: [rows, knownDim(x.dims, -1)],
  });
  const column = graph.node("Unsqueeze", [scale, graph.integers([1])], { dtype: "float32", dims: [rows, 1] });
  const quantized = { steps, scale: column, zero: graph.constant("uint8", [], Uint8Array.of(zero)) };
  known.set(x, quantized);
  return quantized;
}

/** `value` for every row of x, uint8 [rows]. */
function filled(graph: GraphBuilder, x: Value, value: number): Value {
  const count = graph.node("Shape", [x], { attributes: { start: 0, end: 1 }, dtype: "int64", dims: [1] });
  return graph.node("Expand", [graph.constant("uint8", [1], Uint8Array.of(value)), count], {
    dtype: "uint8",
    dims: x.dims.slice(0, 1),
  });
}
