import type { DataType } from "@smolvlm/contracts";
import { ProtobufWriter } from "./protobuf-writer.js";

/** `TensorProto.DataType` of each element type. */
export const dataTypeCode: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};

/** `AttributeProto.AttributeType`. */
const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** `TensorProto.DataLocation.EXTERNAL`. */
const EXTERNAL = 1;

/** ONNX 1.16: the oldest that has every operator used here, so that older runtimes load the graphs too. */
const IR_VERSION = 10;
const OPSET_VERSION = 21;
/** Operators that ONNX Runtime adds to the standard ones. */
export const MICROSOFT_DOMAIN = "com.microsoft";

/** A size that is known, or the name of one that is not. */
export type Dim = number | string;

/** An attribute of a node: a string, one or several integers, or `{ float }`, since JavaScript numbers do not say which they are. */
export type Attribute = string | number | readonly number[] | { readonly float: number };

/** One operator of a graph. Inputs left out are empty strings. */
export interface NodeProto {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Name, element type and shape of an input or output. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly Dim[];
}

/** A tensor that is part of the graph: its bytes, or where they are in a file beside it. */
export interface Initializer {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

/** What is needed to write a model. */
export interface ModelProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Values between them. By their shapes ONNX Runtime plans what shares memory. */
  readonly values?: readonly ValueInfo[] | undefined;
}

/**
 * A serialised ONNX `ModelProto`. Field numbers are those of `onnx.proto` (https://github.com/onnx/onnx, release 1.16).
 */
export function encodeModel(model: ModelProto): Uint8Array {
  const graph = new ProtobufWriter();
  for (const node of model.nodes) graph.message(1, nodeMessage(node));
  graph.string(2, model.name);
  for (const initializer of model.initializers) graph.message(5, tensorMessage(initializer));
  for (const input of model.inputs) graph.message(11, valueInfoMessage(input));
  for (const output of model.outputs) graph.message(12, valueInfoMessage(output));
  for (const value of model.values ?? []) graph.message(13, valueInfoMessage(value));
  return new ProtobufWriter()
    .integer(1, IR_VERSION)
    .string(2, "smolvlm")
    .message(7, graph)
    .message(8, new ProtobufWriter().string(1, "").integer(2, OPSET_VERSION))
    .message(8, new ProtobufWriter().string(1, MICROSOFT_DOMAIN).integer(2, 1))
    .finish();
}

function nodeMessage(node: NodeProto): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  // Profiles and error messages of ONNX Runtime show the name.
  message.string(3, node.outputs[0] ?? node.operator).string(4, node.operator);
  for (const [name, value] of Object.entries(node.attributes)) message.message(5, attributeMessage(name, value));
  return message.string(7, node.domain);
}

function attributeMessage(name: string, value: Attribute): ProtobufWriter {
  const message = new ProtobufWriter().string(1, name);
  if (typeof value === "number") return message.integer(3, value).integer(20, attributeType.int);
  if (typeof value === "string") return message.string(4, value).integer(20, attributeType.string);
  if ("float" in value) return message.float(2, value.float).integer(20, attributeType.float);
  for (const item of value) message.integer(8, item);
  return message.integer(20, attributeType.ints);
}

function tensorMessage({ name, dtype, dims, data }: Initializer): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const dim of dims) message.integer(1, dim);
  message.integer(2, dataTypeCode[dtype]).string(8, name);
  if (data instanceof Uint8Array) return message.bytes(9, data);
  for (const [key, value] of Object.entries(data)) {
    message.message(13, new ProtobufWriter().string(1, key).string(2, String(value)));
  }
  return message.integer(14, EXTERNAL);
}

function valueInfoMessage({ name, dtype, dims }: ValueInfo): ProtobufWriter {
  const shape = new ProtobufWriter();
  for (const dim of dims) {
    const message = new ProtobufWriter();
    shape.message(1, typeof dim === "number" ? message.integer(1, dim) : message.string(2, dim));
  }
  const tensorType = new ProtobufWriter().integer(1, dataTypeCode[dtype]).message(2, shape);
  return new ProtobufWriter().string(1, name).message(2, new ProtobufWriter().message(1, tensorType));
}
