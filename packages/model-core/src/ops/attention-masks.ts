import type { GraphBuilder } from "../graph/graph-builder.js";
import type { Value } from "../graph/value.js";
import type { Dim } from "../onnx/model-proto.js";

/** Added to the score of a key that is not to be seen: its weight becomes exactly 0. */
const MASKED = -1e9;

/** 0, 1, … up to the size that a name stands for, int64 [name]. */
export function countTo(graph: GraphBuilder, name: string): Value {
  return rangeTo(graph.size(name), name);
}

/** 0, 1, … up to a size, int64 [1], that is to have this name. */
export function rangeTo(size: Value, name: Dim): Value {
  const { graph } = size;
  const [start, step] = [0n, 1n].map((value) => graph.constant("int64", [], BigInt64Array.of(value)));
  return graph.node("Range", [start, size.reshape([]), step], { dtype: "int64", dims: [name] });
}

/** How two tensors of shapes that fit together compare, as bool of shape `dims`. */
export function compare(
  comparison: "Less" | "LessOrEqual" | "Greater" | "Equal",
  a: Value,
  b: Value,
  dims: readonly Dim[],
): Value {
  return a.graph.node(comparison, [a, b], { dtype: "bool", dims });
}

/** 0 where `a` compares so to `b`, very negative elsewhere. */
export function maskUnless(comparison: "Less" | "LessOrEqual", a: Value, b: Value, dims: readonly Dim[]): Value {
  return biasOf(compare(comparison, a, b, dims));
}

/** 0 where a condition holds, very negative elsewhere. */
export function biasOf(condition: Value): Value {
  const { graph, dims } = condition;
  return graph.node("Where", [condition, graph.scalar(0), graph.scalar(MASKED)], { dtype: "float32", dims });
}
