/**
 * What a token would cost if it were nothing but ONNX Runtime's products with the text model's q8 matrices, beside reading as many bytes: the most that
 * any graph can reach of the memory bandwidth. `node products.mjs [256M|500M]`
 */
import { performance } from "node:perf_hooks";
import process from "node:process";
import { cpus } from "node:os";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { bandwidthMeter, median, textLayerMatrices } from "@smolvlm/cli/bench";
import { parseModelConfig } from "@smolvlm/config";
import { blockLengths } from "@smolvlm/model-core";
import { onnxModel } from "../scripts/onnx-writer.mjs";
import { modelConfig, SHAPES } from "./checkpoint-shape.mjs";
import { machineLine } from "./machine.mjs";
import { spread } from "./markdown-table.mjs";

const ROUNDS = 7;
const RUNS = 40;
/** Weights that have a scale together. */
const BLOCK = blockLengths.q8;

/** A chain of all matrices, each fed with the first values that the one before gives. */
function productsOf(config) {
  const { hiddenSize, numHiddenLayers, vocabSize } = config.textConfig;
  const layers = Array.from({ length: numHiddenLayers }, () => textLayerMatrices(config));
  const shapes = [...layers.flat(), [vocabSize, hiddenSize]];
  const [nodes, initializers] = [[], []];
  const constant = (name, type, dims, data) => initializers.push({ name, type, dims, data });
  constant("axis", "int64", [1], BigInt64Array.of(1n));
  constant("from", "int64", [1], BigInt64Array.of(0n));
  let [before, width, bytes] = ["x", hiddenSize, 0];
  for (const [index, [rows, columns]] of shapes.entries()) {
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
  const graph = { inputs: [floats("x", hiddenSize)], outputs: [floats(before, width)], nodes, initializers };
  return { model: onnxModel({ name: "products", ...graph }), bytes, hiddenSize, products: shapes.length };
}

const shape = process.argv[2] ?? "256M";
const threads = cpus().length;
if (!(shape in SHAPES)) throw new Error(`There is no shape ${shape}; choose among ${Object.keys(SHAPES).join(", ")}.`);
const { model, bytes, hiddenSize, products } = productsOf(parseModelConfig(modelConfig({ shape }), "config.json"));
const session = await InferenceSession.create(model, { intraOpNumThreads: threads });
const feeds = { x: new Tensor("float32", new Float32Array(hiddenSize).fill(0.1), [1, hiddenSize]) };
const meter = bandwidthMeter(threads);
const rounds = [];
while (rounds.length < ROUNDS) {
  const read = await meter.measure();
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
const of = (name, scale, digits) =>
  spread(
    rounds.map((round) => round[name] * scale),
    digits,
  );
console.log(`${machineLine()}; ${shape}: ${products} products, ${(bytes / 1e6).toFixed(0)} MB in q8; ${ROUNDS} rounds`);
console.log(`all products: ${of("seconds", 1000, 2)} ms`);
console.log(`reading in WebAssembly: ${of("read", 1e-9, 1)} GB/s`);
console.log(`share of it: ${of("share", 100, 0)} %`);
