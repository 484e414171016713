import { knownDim } from "../graph/dims.js";
import type { Value } from "../graph/value.js";
import { MICROSOFT_DOMAIN, type Dim } from "../onnx/model-proto.js";
import { matmul, matmulTransposed } from "./matmul.js";

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
export function attention(inputs: AttentionInputs): Value {
  const { query, key, value, heads, keyBias } = inputs;
  const { graph, dims, dtype } = query;
  if (graph.target.device === "webgpu") return writtenOut(inputs);
  const optional = keyBias ? [undefined, undefined, everyQuery(keyBias)] : [];
  return graph.node("MultiHeadAttention", [query, key, value, ...optional], {
    domain: MICROSOFT_DOMAIN,
    attributes: { num_heads: heads },
    dtype,
    dims,
  });
}

/** For WebGPU, whose fused kernel of ONNX Runtime 1.30 gave wrong numbers for 64 positions of 4 heads. */
function writtenOut({ query, key, value, heads, keyBias }: AttentionInputs): Value {
  const { graph, dims, dtype } = query;
  const [batch = 1] = dims;
  const [positions, channels] = [knownDim(dims, 1), knownDim(dims, 2)];
  const headDim = channels / heads;
  const split = (x: Value): Value => x.reshape([batch, positions, heads, headDim]).transpose([0, 2, 1, 3]);
  const scores = matmulTransposed(split(query).mul(headDim ** -0.5), split(key));
  const biased = keyBias ? scores.add(keyBias.reshape([batch, 1, 1, positions])) : scores;
  const weights: readonly Dim[] = [batch, heads, positions, positions];
  const softmax = graph.node("Softmax", [biased], { attributes: { axis: 3 }, dtype, dims: weights });
  return matmul(softmax, split(value)).transpose([0, 2, 1, 3]).reshape([batch, positions, channels]);
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
