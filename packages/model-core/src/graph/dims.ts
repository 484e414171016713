import type { Dim } from "../onnx/model-proto.js";
import { GraphError } from "./graph-error.js";

/** `[images, 64, 576]`, for messages. */
export function formatDims(dims: readonly Dim[]): string {
  return `[${dims.join(", ")}]`;
}

/**
 * The shape of an elementwise operation, by the rules of NumPy. Sizes that are not known fit only sizes of the same name, or 1.
 *
 * @throws GraphError when the shapes do not fit.
 */
export function broadcastDims(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[a.length - rank + axis] ?? 1;
    const right = b[b.length - rank + axis] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new GraphError(`Shapes ${formatDims(a)} and ${formatDims(b)} do not fit together.`);
  });
}

/** The number of elements of these axes: a number where all are known, otherwise a name made of the unknown ones. */
export function productOf(dims: readonly Dim[]): Dim {
  const known = dims.reduce<number>((product, dim) => (typeof dim === "number" ? product * dim : product), 1);
  const names = dims.filter((dim) => typeof dim === "string");
  if (names.length === 0) return known;
  return known === 1 ? names.join("*") : [...names, known].join("*");
}

/**
 * Size `axis` (negative counts from the end), which must be known.
 *
 * @throws GraphError when it is not.
 */
export function knownDim(dims: readonly Dim[], axis: number): number {
  const dim = dims.at(axis);
  if (typeof dim === "number") return dim;
  throw new GraphError(`Size ${axis} of ${formatDims(dims)} must be known when the graph is built.`);
}
