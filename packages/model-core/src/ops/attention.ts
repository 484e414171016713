import { knownDim } from "../graph/dims.js";
import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN } from "../onnx/model-proto.js";

/** What {@link attention} takes. */
export interface AttentionInputs {
  /** [batch, positions, heads · headDim], as are key and value. */
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly heads: number;
  /** Added to the scores of the keys [batch, positions]: 0, or very negative for keys that nobody may look at. */
  readonly keyBias?: Value | undefined;
}

/** Attention of every position to every position: softmax(q · kᵀ / √headDim) · v, [batch, positions, heads · headDim]. */
export function attention({ query, key, value, heads, keyBias }: AttentionInputs): Value {
  const { graph, dims, dtype } = query;
  const optional = keyBias ? [undefined, undefined, everyQuery(keyBias)] : [];
  return graph.node("MultiHeadAttention", [query, key, value, ...optional], {
    domain: MICROSOFT_DOMAIN,
    attributes: { num_heads: heads },
    dtype,
    dims,
  });
}

/** [batch, keys] → [batch, 1, queries, keys]: the kernel broadcasts the first two axes only. */
function everyQuery(keyBias: Value): Value {
  const { graph, dtype, dims } = keyBias;
  const [batch = 1] = dims;
  const positions = knownDim(dims, 1);
  return graph.node("Expand", [keyBias.reshape([batch, 1, 1, positions]), graph.integers([1, 1, positions, 1])], {
    dtype,
    dims: [batch, 1, positions, positions],
  });
}
