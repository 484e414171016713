import type { Value } from "../graph/value.js";
import { blockLengths } from "../weights/weight-format.js";
import type { Weights } from "../weights/weights.js";
import { cast } from "./cast.js";
import { rowsOf } from "./rows-of.js";

/** What 8-bit values have added to them so that they are not negative. */
const ZERO = 128;

/** `torch.nn.Embedding` from 8-bit rows in blocks: only the chosen ones are widened. */
export function quantizedEmbedding(weights: Weights, indices: Value, count: number, channels: number): Value {
  const { graph } = indices;
  const [values, scales] = graph.parameter(weights.param("weight", [count, channels]), "q8") as [Value, Value];
  const blocks = Math.ceil(channels / blockLengths.q8);
  const stored = blocks * blockLengths.q8;
  const rows = cast(rowsOf(values, indices), "float32").add(-ZERO);
  const rowScales = rowsOf(scales.reshape([count, blocks]), indices).reshape([...indices.dims, blocks, 1]);
  const widened = rows.mul(rowScales).reshape([...indices.dims, stored]);
  if (stored === channels) return widened;
  // The last block is filled up.
  const range = [0, channels, indices.dims.length].map((value) => graph.integers([value]));
  return graph.node("Slice", [widened, ...range], { dtype: "float32", dims: [...indices.dims, channels] });
}

/** `torch.nn.Embedding` from half-precision rows: only the chosen ones are widened. */
export function halfEmbedding(weights: Weights, indices: Value, count: number, channels: number): Value {
  const { graph } = indices;
  const [table] = graph.parameter(weights.param("weight", [count, channels]), "fp16") as [Value];
  return cast(rowsOf(table, indices), "float32");
}
