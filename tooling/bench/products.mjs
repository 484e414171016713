/**
 * What a token would cost if it were nothing but ONNX Runtime's products with the text model's q8 matrices, beside reading as many bytes: the most that
 * any graph can reach of the memory bandwidth. `node products.mjs [256M|500M]`
 */
import { performance } from "node:perf_hooks";
import process from "node:process";
import { cpus } from "node:os";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { bandwidthMeter } from "@smolvlm/cli/bench";
import { onnxModel } from "../scripts/onnx-writer.mjs";
import { modelConfig } from "./checkpoint-shape.mjs";
import { machineLine } from "./machine.mjs";

const ROUNDS = 7;
const RUNS = 40;
/** Weights of a block, which has a scale, as in the packages' `q8`. */
const BLOCK = 64;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** A chain of all matrices, each fed with the first values that the one before gives. */
function productsOf({ vocab_size: vocabulary, text_config: text }) {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers } = text;
  const heads = text.num_attention_heads + 2 * text.num_key_value_heads;
  const shapes = [
    ...Array.from({ length: layers }, () => [
      [hidden, heads * text.head_dim],
      [hidden, hidden],
      [hidden, 2 * inner],
      [inner, hidden],
    ]).flat(),
    [hidden, vocabulary],
  ];
  const [nodes, initializers] = [[], []];
  const constant = (name, type, dims, data) => initializers.push({ name, type, dims, data });
  constant("axis", "int64", [1], BigInt64Array.of(1n));
  constant("from", "int64", [1], BigInt64Array.of(0n));
  let [before, width, bytes] = ["x", hidden, 0];
  for (const [index, [columns, rows]] of shapes.entries()) {
    if (width !== columns) {
      constant(`to${index}`, "int64", [1], BigInt64Array.of(BigInt(columns)));
      nodes.push({ op: "Slice", inputs: [before, "from", `to${index}`, "axis"], outputs: [`x${index}`] });
      before = `x${index}`;
    }
    const blocks = columns / BLOCK;
    // Different ones in each: ONNX Runtime keeps equal constants once.
    const values = Uint8Array.from({ length: rows * columns }, (_, at) => (at * 7919 + index * 104729) >> 3);
    constant(`w${index}`, "uint8", [rows, blocks, BLOCK], values);
    constant(`s${index}`, "float32", [rows * blocks], new Float32Array(rows * blocks).fill(1e-4));
    nodes.push({
      op: "MatMulNBits",
      domain: "com.microsoft",
      inputs: [before, `w${index}`, `s${index}`],
      outputs: [`y${index}`],
      attributes: { K: columns, N: rows, bits: 8, block_size: BLOCK, accuracy_level: 4 },
    });
    [before, width] = [`y${index}`, rows];
    bytes += rows * columns + 4 * rows * blocks;
  }
  const floats = (name, size) => ({ name, type: "float32", dims: [1, size] });
  const graph = { inputs: [floats("x", hidden)], outputs: [floats(before, width)], nodes, initializers };
  return { model: onnxModel({ name: "products", ...graph }), bytes, hidden, products: shapes.length };
}

const shape = process.argv[2] ?? "256M";
const threads = cpus().length;
const { model, bytes, hidden, products } = productsOf(modelConfig({ shape }));
const session = await InferenceSession.create(model, { intraOpNumThreads: threads });
const feeds = { x: new Tensor("float32", new Float32Array(hidden).fill(0.1), [1, hidden]) };
const meter = bandwidthMeter(threads);
await meter.measure();
const rounds = [];
while (rounds.length < ROUNDS) {
  const read = Math.max(await meter.measure(), await meter.measure(), await meter.measure());
  const times = [];
  while (times.length < RUNS) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  const seconds = median(times) / 1000;
  rounds.push({ seconds, read, share: bytes / seconds / read });
}
await meter.close();
await session.release();
const of = (name, scale, digits) => {
  const values = rounds.map((round) => round[name] * scale);
  const text = [median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${text[0]} (${text[1]}–${text[2]})`;
};
console.log(`${machineLine()}; ${shape}: ${products} products, ${(bytes / 1e6).toFixed(0)} MB in q8; ${ROUNDS} rounds`);
console.log(`all products: ${of("seconds", 1000, 2)} ms`);
console.log(`reading in WebAssembly: ${of("read", 1e-9, 1)} GB/s`);
console.log(`share of it: ${of("share", 100, 0)} %`);
