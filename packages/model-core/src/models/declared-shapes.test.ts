import { readModelConfig, type SmolVLMConfig } from "@smolvlm/config";
import { tensor, type Target, type Tensor } from "@smolvlm/contracts";
import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder, type GraphOptions } from "../graph/graph-builder.js";
import type { Value } from "../graph/value.js";
import { positionFeeds } from "../inference/position-feeds.js";
import { readModel } from "../testing/read-model.js";
import { cpuGraph, noise, runGraph } from "../testing/run-graph.js";
import { tinyFiles } from "../testing/tiny-model.js";
import { joinedAttention } from "../transformers-js/joined-attention.js";
import { transformersJsGraphs } from "../transformers-js/transformers-js-graphs.js";
import { openCheckpoint } from "../weights/checkpoint.js";
import { Weights } from "../weights/weights.js";
import { languageGraph } from "./language-graph.js";
import { visionGraph } from "./vision-graph.js";

const PAST = [5, 2] as const;
const SEQUENCE = 3;
/** Of everything that an input may be long as. No two are equal, so that a name for one cannot pass for another. */
const SIZES: Readonly<Record<string, number>> = {
  batch: PAST.length,
  sequence: SEQUENCE,
  rows: PAST.length * SEQUENCE,
  past: PAST[0],
  "past+sequence": PAST[0] + SEQUENCE,
  capacity: 9,
  wanted: 4,
  images: 7,
  num_images: 10,
};

let config: SmolVLMConfig;
let weights: Weights;
beforeAll(async () => {
  const files = await tinyFiles("v2-gqa-fp32");
  config = await readModelConfig(files);
  weights = Weights.of(await openCheckpoint(files));
});

const language = (target: Partial<Target>, keyValues?: GraphOptions["formats"]["keyValues"]): GraphBuilder => {
  const { target: cpu, formats } = cpuGraph("q8", target);
  const graph = new GraphBuilder({ target: cpu, formats: { ...formats, keyValues } });
  languageGraph(graph, weights, config, "all");
  return graph;
};
const vision = (isMasked: boolean, format: "fp32" | "int8"): GraphBuilder => {
  const graph = cpuGraph(format);
  visionGraph(graph, weights, config, { side: config.visionConfig.imageSize, isMasked, outputs: "all" });
  return graph;
};
const exported = (name: keyof typeof transformersJsGraphs): GraphBuilder => {
  const { target, formats } = cpuGraph("fp32", { device: "webgpu" });
  const graph = new GraphBuilder({ target, formats, attention: joinedAttention });
  transformersJsGraphs[name](graph, weights, config);
  return graph;
};

// ONNX Runtime lets results share memory whose sizes have the same names: a name for two sizes would mix them up.
describe.each([
  ["language", () => language({})],
  ["language, past of int8", () => language({}, "int8")],
  ["language, heads of a group stacked", () => language({ device: "wasm" })],
  ["language, one buffer for past and present", () => language({ keyValueCache: "in-place" })],
  ["vision", () => vision(false, "fp32")],
  ["vision of rows of int8, masked", () => vision(true, "int8")],
  ["vision_encoder of transformers.js", () => exported("vision_encoder")],
  ["embed_tokens of transformers.js", () => exported("embed_tokens")],
  ["decoder_model_merged of transformers.js", () => exported("decoder_model_merged")],
] as const)("%s", (_name, build) => {
  test("every value has the shape that the graph says, and a name stands for one size", async () => {
    const graph = build();
    const between = valuesBetween(graph);
    for (const value of between) graph.output(`between:${value.name}`, value);
    const feeds = feedsOf(graph);
    const results = await runGraph(graph, feeds);
    const sizes = new Map<string, number>(Object.entries(SIZES));
    expect(between.length).toBeGreaterThan(0);
    for (const { name, dims } of between) {
      const found = results[`between:${name}`]?.dims as readonly number[];
      expect(found.length, name).toBe(dims.length);
      dims.forEach((dim, axis) => {
        const size = found[axis] as number;
        if (typeof dim === "string" && !sizes.has(dim)) sizes.set(dim, size);
        expect(size, `${name}, ${dim}`).toBe(typeof dim === "string" ? sizes.get(dim) : dim);
      });
    }
  });

  test("the shapes are written down", () => {
    const graph = build();
    const { values } = readModel(graph.encode("test", () => ({ location: "", offset: 0, length: 0 })));
    const outputs = new Set([...graph.content.outputs.values()].map(({ name }) => name));
    const between = valuesBetween(graph).filter(({ name }) => !outputs.has(name));
    expect(values).toEqual(between.map(({ name, dims }) => ({ name, dims })));
  });
});

/** What nodes make and others take. */
function valuesBetween(graph: GraphBuilder): readonly Value[] {
  const { nodes, values } = graph.content;
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  return [...values.values()].filter(({ name }) => made.has(name));
}

/** Something for each input, in the sizes above. */
function feedsOf(graph: GraphBuilder): Record<string, Tensor> {
  const inPlace = graph.target.keyValueCache === "in-place";
  const counted = positionFeeds({ past: PAST, sequence: SEQUENCE, inPlace }, config.textConfig);
  return Object.fromEntries(
    [...graph.content.inputs].map(([name, { dtype, dims }]) => {
      const sizes = dims.map((dim) => (typeof dim === "string" ? SIZES[dim] : dim) as number);
      return [name, counted[name] ?? fill(dtype, sizes)];
    }),
  );
}

function fill(dtype: Tensor["dtype"], dims: readonly number[]): Tensor {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (dtype === "int64") return tensor(dtype, dims, new BigInt64Array(count));
  if (dtype === "int8") return tensor(dtype, dims, new Int8Array(count).fill(1));
  if (dtype === "bool") return tensor(dtype, dims, new Uint8Array(count).fill(1));
  return noise(dims);
}
