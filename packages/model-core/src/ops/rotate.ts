import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN } from "../onnx/model-proto.js";

/**
 * x [rows, heads · headDim] with each pair of channels (i, i + headDim / 2) of a head turned by the angle of its row; as
 * [1, rows, heads · headDim], since the rows are one sequence to the kernel, whose position p has the angles of row p.
 */
export function rotate({ cos, sin }: { readonly cos: Value; readonly sin: Value }, x: Value): Value {
  const { graph, dtype } = x;
  const dims = [1, ...x.dims];
  return graph.node("RotaryEmbedding", [x.reshape(dims), graph.integers([0]), cos, sin], {
    domain: MICROSOFT_DOMAIN,
    dtype,
    dims,
  });
}
