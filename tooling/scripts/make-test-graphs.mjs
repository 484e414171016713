// Writes packages/contracts/src/testing/test-graphs.ts: the small ONNX models that every backend is tested with. Run it again after
// changing a graph: node tooling/scripts/make-test-graphs.mjs && npx prettier --write packages/contracts/src/testing
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { onnxModel } from "./onnx-writer.mjs";

const value = (name, type, ...dims) => ({ name, type, dims });
const external = (name, dims, location, offset, [type, bytes] = ["float32", 4]) => {
  const length = bytes * dims.reduce((product, dim) => product * dim, 1);
  return { name, type, dims, external: { location, offset, length } };
};

const heads = 4;
const keyValueHeads = 2;
const headDim = 8;
const splitHeads = (from, to) => [
  { op: "Reshape", inputs: [from, "split"], outputs: [`${from}.split`] },
  { op: "Transpose", inputs: [`${from}.split`], outputs: [to], attributes: { perm: [0, 2, 1, 3] } },
];

/** Inputs of attention whose past has positions of this name. */
const attentionInputs = (past) => [
  value("query", "float32", "batch", "positions", heads * headDim),
  value("key", "float32", "batch", "positions", keyValueHeads * headDim),
  value("value", "float32", "batch", "positions", keyValueHeads * headDim),
  value("seqlens_k", "int32", "batch"),
  value("total_sequence_length", "int32"),
  value("past_key_values.0.key", "float32", "batch", keyValueHeads, past, headDim),
  value("past_key_values.0.value", "float32", "batch", keyValueHeads, past, headDim),
];
/** Attention over past keys and values of these names, and the new rows as they went in. */
const attentionNodes = (pastKey, pastValue) => [
  {
    op: "GroupQueryAttention",
    domain: "com.microsoft",
    inputs: ["query", "key", "value", pastKey, pastValue, "seqlens_k", "total_sequence_length"],
    outputs: ["attended", "whole.key", "whole.value"],
    attributes: { num_heads: heads, kv_num_heads: keyValueHeads },
  },
  ...splitHeads("key", "present.0.key"),
  ...splitHeads("value", "present.0.value"),
];
const attentionOutputs = [
  value("attended", "float32", "batch", "positions", heads * headDim),
  value("present.0.key", "float32", "batch", keyValueHeads, "positions", headDim),
  value("present.0.value", "float32", "batch", keyValueHeads, "positions", headDim),
];

const ints = (name, ...values) => ({
  name,
  type: "int64",
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const float = (name, number) => ({ name, type: "float32", dims: [], data: Float32Array.of(number) });

const graphs = {
  affine: {
    comment: "`y` = `x` [rows, 4] · W [4, 3] + b [3]; W is at byte 16 of `weights.bin`, b at byte 0 of `bias.bin`.",
    inputs: [value("x", "float32", "rows", 4)],
    outputs: [value("y", "float32", "rows", 3)],
    initializers: [external("w", [4, 3], "weights.bin", 16), external("b", [3], "bias.bin", 0)],
    nodes: [
      { op: "MatMul", inputs: ["x", "w"], outputs: ["xw"] },
      { op: "Add", inputs: ["xw", "b"], outputs: ["y"] },
    ],
  },
  large: {
    comment: "`y` = `x` [rows, 1024] · W [1024, 1024]; W is all of `weights.bin`, 4 MiB.",
    inputs: [value("x", "float32", "rows", 1024)],
    outputs: [value("y", "float32", "rows", 1024)],
    initializers: [external("w", [1024, 1024], "weights.bin", 0)],
    nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
  },
  twoOutputs: {
    comment: "`sum` = `a` + `b` and `product` = `a` · `b`, all float32 [n].",
    inputs: [value("a", "float32", "n"), value("b", "float32", "n")],
    outputs: [value("sum", "float32", "n"), value("product", "float32", "n")],
    nodes: [
      { op: "Add", inputs: ["a", "b"], outputs: ["sum"] },
      { op: "Mul", inputs: ["a", "b"], outputs: ["product"] },
    ],
  },
  types: {
    comment: "`not` = ¬`mask` (bool), `chosen` = `mask` ? `a` : `b` (int32), `bytes` = `byte` (uint8), all [n].",
    inputs: [
      value("mask", "bool", "n"),
      value("a", "int32", "n"),
      value("b", "int32", "n"),
      value("byte", "uint8", "n"),
    ],
    outputs: [value("not", "bool", "n"), value("chosen", "int32", "n"), value("bytes", "uint8", "n")],
    initializers: [{ name: "flat", type: "int64", dims: [1], data: BigInt64Array.of(-1n) }],
    nodes: [
      { op: "Not", inputs: ["mask"], outputs: ["not"] },
      { op: "Where", inputs: ["mask", "a", "b"], outputs: ["chosen"] },
      { op: "Reshape", inputs: ["byte", "flat"], outputs: ["bytes"] },
    ],
  },
  longs: {
    comment: "`doubled` = 2 · `long` (int64 [n]), `byte` (uint8 scalar) unchanged.",
    inputs: [value("long", "int64", "n"), value("byte", "uint8")],
    outputs: [value("doubled", "int64", "n"), value("bytes", "uint8")],
    nodes: [
      { op: "Add", inputs: ["long", "long"], outputs: ["doubled"] },
      { op: "Identity", inputs: ["byte"], outputs: ["bytes"] },
    ],
  },
  sixOnly: {
    comment: "`y` [2, 3] from `x` [n]: its kernel fails unless n is 6.",
    inputs: [value("x", "float32", "n")],
    outputs: [value("y", "float32", 2, 3)],
    initializers: [{ name: "shape", type: "int64", dims: [2], data: BigInt64Array.of(2n, 3n) }],
    nodes: [{ op: "Reshape", inputs: ["x", "shape"], outputs: ["y"] }],
  },
  integerProduct: {
    comment:
      "`y` [rows, 16] = (`steps` − `zero`) · W · `scales`, from `steps` uint8 [rows, 64] and `zero` uint8 []; W int8 [64, 16] is all of " +
      "`weights.bin`, `scales` [16] all of `scales.bin`.",
    inputs: [value("steps", "uint8", "rows", 64), value("zero", "uint8")],
    outputs: [value("y", "float32", "rows", 16)],
    initializers: [
      external("w", [64, 16], "weights.bin", 0, ["int8", 1]),
      external("scales", [16], "scales.bin", 0),
      float("one", 1),
    ],
    nodes: [
      {
        op: "MatMulIntegerToFloat",
        domain: "com.microsoft",
        inputs: ["steps", "w", "one", "scales", "zero"],
        outputs: ["y"],
      },
    ],
  },
  unknownOperator: {
    comment: "A graph no backend can load: its operator does not exist.",
    inputs: [value("x", "float32", "n")],
    outputs: [value("y", "float32", "n")],
    nodes: [{ op: "NoSuchOperator", inputs: ["x"], outputs: ["y"] }],
  },
  slow: {
    comment: "`y` = `x` to the 17th power, as 16 products of [n, n] matrices: n chooses how long it takes.",
    inputs: [value("x", "float32", "n", "n")],
    outputs: [value("y", "float32", "n", "n")],
    nodes: Array.from({ length: 16 }, (_, i) => ({
      op: "MatMul",
      inputs: [i === 0 ? "x" : `power.${i}`, "x"],
      outputs: [i === 15 ? "y" : `power.${i + 1}`],
    })),
  },
  attention: {
    comment:
      "One layer of grouped-query attention, `query` [batch, positions, 4·8], `key` and `value` [batch, positions, 2·8] → `attended` " +
      "[batch, positions, 4·8]. The new rows come out as they went in, with heads split.",
    inputs: attentionInputs("past"),
    outputs: attentionOutputs,
    initializers: [ints("split", 0, 0, keyValueHeads, headDim)],
    nodes: attentionNodes("past_key_values.0.key", "past_key_values.0.value"),
  },
  attentionInt8: {
    comment: "The same attention whose past is int8 [batch, 2, past, 8], with scales [batch, 2, 1, past].",
    inputs: [
      ...attentionInputs("past").slice(0, 5),
      ...["key", "value"].flatMap((kind) => [
        value(`past_key_values.0.${kind}`, "int8", "batch", keyValueHeads, "past", headDim),
        value(`past_key_values.0.${kind}_scale`, "float32", "batch", keyValueHeads, 1, "past"),
      ]),
    ],
    outputs: attentionOutputs,
    initializers: [ints("split", 0, 0, keyValueHeads, headDim)],
    nodes: [
      ...["key", "value"].flatMap((kind) => [
        { op: "Cast", inputs: [`past_key_values.0.${kind}`], outputs: [`${kind}.steps`], attributes: { to: 1 } },
        {
          op: "Transpose",
          inputs: [`past_key_values.0.${kind}_scale`],
          outputs: [`${kind}.scales`],
          attributes: { perm: [0, 1, 3, 2] },
        },
        { op: "Mul", inputs: [`${kind}.steps`, `${kind}.scales`], outputs: [`${kind}.past`] },
      ]),
      ...attentionNodes("key.past", "value.past"),
    ],
  },
  attentionInPlace: {
    comment:
      "The same attention with a cache in place: past and present are [batch, 2, capacity, 8], and one buffer can be both. `places` " +
      "[batch, 2, positions, 3] are row, head and position in it of what is new; `positions` [batch, 1, positions, 1] are the last alone. " +
      "Written out, and counting with floats, so that a GPU has all of it.",
    inputs: [
      ...attentionInputs("capacity").slice(0, 3),
      value("places", "int64", "batch", keyValueHeads, "positions", 3),
      value("positions", "float32", "batch", 1, "positions", 1),
      ...attentionInputs("capacity").slice(5),
    ],
    outputs: [
      value("attended", "float32", "batch", "positions", heads * headDim),
      value("present.0.key", "float32", "batch", keyValueHeads, "capacity", headDim),
      value("present.0.value", "float32", "batch", keyValueHeads, "capacity", headDim),
    ],
    initializers: [
      ints("split", 0, 0, keyValueHeads, headDim),
      ints("groups", 0, 0, keyValueHeads, heads / keyValueHeads, headDim),
      ints("joined", 0, 0, heads * headDim),
      ints("zeros", 0, 0),
      ints("ones", 1, 1),
      ints("axes", 1, 3),
      ints("two", 2),
      float("zero", 0),
      float("one", 1),
      float("masked", -1e9),
      float("scale", headDim ** -0.5),
      { name: "axis", type: "int32", dims: [], data: Int32Array.of(2) },
    ],
    nodes: [
      ...splitHeads("key", "new.key"),
      ...splitHeads("value", "new.value"),
      ...["key", "value"].map((kind) => ({
        op: "ScatterND",
        inputs: [`past_key_values.0.${kind}`, "places", `new.${kind}`],
        outputs: [`present.0.${kind}`],
      })),
      { op: "Slice", inputs: ["past_key_values.0.key", "zeros", "ones", "axes"], outputs: ["column"] },
      { op: "Mul", inputs: ["column", "zero"], outputs: ["column.zero"] },
      { op: "Add", inputs: ["column.zero", "one"], outputs: ["column.one"] },
      { op: "CumSum", inputs: ["column.one", "axis"], outputs: ["counted"] },
      { op: "Sub", inputs: ["counted", "one"], outputs: ["slots"] },
      { op: "Transpose", inputs: ["slots"], outputs: ["slots.row"], attributes: { perm: [0, 1, 3, 2] } },
      { op: "LessOrEqual", inputs: ["slots.row", "positions"], outputs: ["seen"] },
      { op: "Where", inputs: ["seen", "zero", "masked"], outputs: ["bias4"] },
      { op: "Unsqueeze", inputs: ["bias4", "two"], outputs: ["bias"] },
      { op: "Reshape", inputs: ["query", "groups"], outputs: ["query5"] },
      { op: "Transpose", inputs: ["query5"], outputs: ["q"], attributes: { perm: [0, 2, 3, 1, 4] } },
      { op: "Unsqueeze", inputs: ["present.0.key", "two"], outputs: ["k5"] },
      { op: "Transpose", inputs: ["k5"], outputs: ["k"], attributes: { perm: [0, 1, 2, 4, 3] } },
      { op: "Unsqueeze", inputs: ["present.0.value", "two"], outputs: ["v"] },
      { op: "MatMul", inputs: ["q", "k"], outputs: ["qk"] },
      { op: "Mul", inputs: ["qk", "scale"], outputs: ["scores"] },
      { op: "Add", inputs: ["scores", "bias"], outputs: ["masked.scores"] },
      { op: "Softmax", inputs: ["masked.scores"], outputs: ["weights"], attributes: { axis: 4 } },
      { op: "MatMul", inputs: ["weights", "v"], outputs: ["mixed"] },
      { op: "Transpose", inputs: ["mixed"], outputs: ["mixed.rows"], attributes: { perm: [0, 3, 1, 2, 4] } },
      { op: "Reshape", inputs: ["mixed.rows", "joined"], outputs: ["attended"] },
    ],
  },
};

const entries = Object.entries(graphs).map(([name, { comment, ...graph }]) => {
  const base64 = Buffer.from(onnxModel({ name, ...graph })).toString("base64");
  const lines = (base64.match(/.{1,110}/g) ?? []).map((line) => `    "${line}",`);
  return `  /** ${comment} */\n  ${name}: [\n${lines.join("\n")}\n  ],`;
});
const file = `// Generated by tooling/scripts/make-test-graphs.mjs; do not edit.

/** Names of the test graphs. */
export type TestGraph = ${Object.keys(graphs)
  .map((name) => `"${name}"`)
  .join(" | ")};

/** ONNX models in base64, one array of lines each. */
const encoded: Readonly<Record<TestGraph, readonly string[]>> = {
${entries.join("\n")}
};

/** The serialised ONNX model of a test graph, a new copy each time. */
export function testGraph(name: TestGraph): Uint8Array {
  return Uint8Array.from(atob(encoded[name].join("")), (character) => character.charCodeAt(0));
}
`;
writeFileSync(fileURLToPath(new URL("../../packages/contracts/src/testing/test-graphs.ts", import.meta.url)), file);
