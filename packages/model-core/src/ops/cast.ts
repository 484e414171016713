import type { DataType } from "@smolvlm/contracts";
import type { Value } from "../graph/value.js";
import { dataTypeCode } from "../onnx/model-proto.js";

/** The same elements as another type, rounded where it has fewer of them. */
export function cast(x: Value, dtype: DataType): Value {
  return x.graph.node("Cast", [x], { attributes: { to: dataTypeCode[dtype] }, dtype, dims: x.dims });
}
