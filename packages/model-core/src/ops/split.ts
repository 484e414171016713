import type { Value } from "../graph/value.js";

/** x in parts of these sizes along an axis. */
export function split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  return x.graph.nodes("Split", [x, x.graph.integers(sizes)], {
    attributes: { axis },
    results: sizes.map((size) => ({ dtype: x.dtype, dims: x.dims.map((dim, at) => (at === axis ? size : dim)) })),
  });
}
