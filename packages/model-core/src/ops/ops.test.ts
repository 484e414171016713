import { tensor, type Target, type Tensor } from "@smolvlm/contracts";
import { describe, expect, test } from "vitest";
import type { Value } from "../graph/value.js";
import { readModel } from "../testing/read-model.js";
import { cpuGraph, noise, runGraph, weightsWith } from "../testing/run-graph.js";
import type { WeightFormat } from "../weights/weight-format.js";
import { geluPytorchTanh, silu } from "./activations.js";
import { attention } from "./attention.js";
import { linear, projections } from "./linear.js";
import { layerNorm, rmsNorm } from "./normalization.js";
import { patchEmbedding } from "./patch-embedding.js";
import { pixelShuffle } from "./pixel-shuffle.js";

async function run(
  x: Tensor<"float32">,
  operation: (x: Value) => Value,
  format?: WeightFormat,
  target?: Partial<Target>,
): Promise<Tensor<"float32">> {
  const graph = cpuGraph(format, target);
  graph.output("y", operation(graph.input("x", "float32", x.dims)));
  return (await runGraph(graph, { x }))["y"] as Tensor<"float32">;
}

function closeTo(found: Tensor<"float32">, expected: (index: number) => number, bound = 1e-5): void {
  let greatest = 0;
  found.data.forEach((value, index) => (greatest = Math.max(greatest, Math.abs(value - expected(index)) || 0)));
  expect(greatest).toBeLessThan(bound);
}

const at = (x: Tensor<"float32">, ...place: number[]): number => {
  return x.data[place.reduce((index, step, axis) => index * (x.dims[axis] as number) + step, 0)] as number;
};

describe("projections", () => {
  const x = noise([2, 3, 80]);
  const tensors = { "a.weight": noise([64, 80], 2), "b.weight": noise([32, 80], 3), "c.weight": noise([32, 80], 4) };
  const layers = { a: 64, b: 32, c: 32 };

  // Stored as one matrix or apart, each result is that of its own layer, to the bit.
  test.each(
    (["fp32", "fp16", "q8", "int8", "q4"] as const).flatMap((format) => [1, 4].map((groups) => ({ format, groups }))),
  )("$format in $groups groups gives what the layers give alone", async ({ format, groups }) => {
    const found: Tensor[][] = [];
    for (const keyValueCache of ["new-rows", "joined"] as const) {
      const weights = await weightsWith(tensors);
      const graph = cpuGraph(format, { keyValueCache });
      const all = Object.entries(layers).map(([name, size]) => [weights.at(name), size] as const);
      const { joined, sizes, parts } = projections(all, graph.input("x", "float32", x.dims), groups);
      expect(sizes).toEqual([64, 32, 32]);
      // In float32 the checkpoint itself has the weights.
      expect(joined !== undefined).toBe(keyValueCache === "new-rows" && format !== "fp32");
      parts().forEach((part, index) => graph.output(`y${index}`, part));
      expect(graph.storedParameters.length).toBe(joined ? 1 : 3);
      if (joined) graph.output("joined", joined);
      const outputs = await runGraph(graph, { x });
      found.push([0, 1, 2].map((index) => outputs[`y${index}`] as Tensor));
      // Each group has 1 / groups of every layer, in the order of the layers.
      if (!joined) continue;
      const [everything, y1] = [outputs["joined"], outputs["y1"]].map((each) => each?.data as Float32Array);
      const last = (groups - 1) * (128 / groups) + 64 / groups;
      expect(everything?.subarray(last, last + 32 / groups)).toEqual(y1?.subarray(32 - 32 / groups, 32));
    }
    expect(found[0]).toEqual(found[1]);
  });
});

test("a sum and its norm are one operation, whoever else uses the sum", async () => {
  const [x, y, weight] = [noise([6, 32]), noise([6, 32], 2), noise([32], 3)];
  const weights = await weightsWith({ "p.weight": weight });
  const graph = cpuGraph();
  const [a, b] = [graph.input("x", "float32", x.dims), graph.input("y", "float32", y.dims)];
  const sum = a.add(b);
  graph.output("doubled", sum.mul(2));
  graph.output("normed", rmsNorm(weights.at("p"), sum, 1e-5));
  graph.output("sum", sum);
  graph.output("alone", rmsNorm(weights.at("p"), graph.input("z", "float32", x.dims), 1e-5));
  const { operators } = readModel(graph.encode("test", () => ({ location: "", offset: 0, length: 0 })));
  expect(operators).toEqual(["SkipSimplifiedLayerNormalization", "Mul", "SimplifiedLayerNormalization"]);
  const exact = x.data.map((value, index) => Math.fround(value + (y.data[index] ?? 0)));
  const outputs = (await runGraph(graph, { x, y, z: tensor("float32", x.dims, exact) })) as Record<
    string,
    Tensor<"float32">
  >;
  closeTo(outputs["sum"] as Tensor<"float32">, (index) => exact[index] ?? 0);
  closeTo(outputs["doubled"] as Tensor<"float32">, (index) => 2 * (exact[index] ?? 0));
  const alone = outputs["alone"] as Tensor<"float32">;
  closeTo(outputs["normed"] as Tensor<"float32">, (index) => alone.data[index] ?? 0, 1e-6);
});

describe("linear", () => {
  // 80 columns: the last block of a quantised row is not full.
  const [x, weight, bias] = [noise([2, 3, 80]), noise([5, 80], 2), noise([5], 3)];
  const exact = (index: number): number => {
    const [row, feature] = [Math.floor(index / 5), index % 5];
    let sum = bias.data[feature] as number;
    for (let k = 0; k < 80; k++) sum += (x.data[row * 80 + k] as number) * at(weight, feature, k);
    return sum;
  };
  // Sums of 80 products of numbers of order 1: an error of one step in each is below √80 · step / 2.
  test.each([
    ["fp32", 1e-4, {}],
    ["fp16", 0.01, {}],
    ["fp16", 0.05, { float16: true }],
    ["q8", 0.1, {}],
    ["int8", 0.1, {}],
    ["int8", 0.2, { quantizedMatMul: { blockwise: true, rowwiseBits: 7 } }],
    ["q4", 1, {}],
  ] as const)("%s within %d for %o", async (format, bound, target) => {
    const weights = await weightsWith({ "p.weight": weight, "p.bias": bias });
    const y = await run(x, (value) => linear(weights.at("p"), value, 5), format, target);
    expect(y.dims).toEqual([2, 3, 5]);
    closeTo(y, exact, bound);
  });

  test("a row of large numbers coarsens no other, and a row of zeros gives the bias", async () => {
    const weights = await weightsWith({ "p.weight": weight, "p.bias": bias });
    const rows = {
      ...x,
      data: x.data.map((value, index) => value * ([1, 1e4, 0][Math.floor(index / 80) % 3] as number)),
    };
    const y = await run(rows, (value) => linear(weights.at("p"), value, 5), "int8");
    for (let feature = 0; feature < 5; feature++) {
      expect(Math.abs(at(y, 0, 0, feature) - exact(feature))).toBeLessThan(0.1);
      expect(at(y, 0, 2, feature)).toBe(bias.data[feature]);
    }
  });
});

test("normalisations", async () => {
  const x = noise([2, 4, 8]);
  const [weight, bias] = [noise([8], 2), noise([8], 3)];
  const weights = await weightsWith({ weight, bias });
  const row = (index: number): number[] => [...x.data.subarray(index - (index % 8), index - (index % 8) + 8)];
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const scaled = (index: number, value: number): number => value * (weight.data[index % 8] as number);
  closeTo(await run(x, (value) => rmsNorm(weights, value, 1e-3)), (index) => {
    const square = mean(row(index).map((value) => value * value));
    return scaled(index, (x.data[index] as number) / Math.sqrt(square + 1e-3));
  });
  closeTo(await run(x, (value) => layerNorm(weights, value, 1e-3)), (index) => {
    const center = mean(row(index));
    const variance = mean(row(index).map((value) => (value - center) ** 2));
    const normal = ((x.data[index] as number) - center) / Math.sqrt(variance + 1e-3);
    return scaled(index, normal) + (bias.data[index % 8] as number);
  });
});

test("activations", async () => {
  const x = noise([64]);
  const value = (index: number): number => x.data[index] as number;
  closeTo(await run(x, silu), (index) => value(index) / (1 + Math.exp(-value(index))));
  closeTo(await run(x, geluPytorchTanh), (index) => {
    const v = value(index);
    return 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
  });
});

test("patches are taken row by row, and pixels that do not fill one are unused", async () => {
  const x = noise([2, 3, 5, 5]);
  const [weight, bias] = [noise([4, 3, 2, 2], 2), noise([4], 3)];
  const weights = await weightsWith({ weight, bias });
  const y = await run(x, (value) => patchEmbedding(weights, value, 4, 2));
  expect(y.dims).toEqual([2, 4, 4]);
  closeTo(y, (index) => {
    const [image, patch, channel] = [Math.floor(index / 16), Math.floor(index / 4) % 4, index % 4];
    let sum = bias.data[channel] as number;
    for (let colour = 0; colour < 3; colour++) {
      for (const [dy, dx] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ] as const) {
        const [row, column] = [2 * Math.floor(patch / 2) + dy, 2 * (patch % 2) + dx];
        sum += at(x, image, colour, row, column) * at(weight, channel, colour, dy, dx);
      }
    }
    return sum;
  });
});

test("pixel shuffle has the reference's order: the row within a square is the slow part of the channels", async () => {
  const [grid, factor, channels] = [6, 3, 2];
  const x = noise([2, grid * grid, channels]);
  const y = await run(x, (value) => pixelShuffle(value, factor));
  expect(y.dims).toEqual([2, 4, 18]);
  for (let t = 0; t < 4; t++) {
    for (let di = 0; di < factor; di++) {
      for (let dj = 0; dj < factor; dj++) {
        const from = (Math.floor(t / 2) * factor + di) * grid + (t % 2) * factor + dj;
        expect(at(y, 1, t, (di * factor + dj) * channels + 1)).toBe(at(x, 1, from, 1));
      }
    }
  }
});

test("attention over all keys but those that a bias hides", async () => {
  const graph = cpuGraph();
  const inputs = { query: noise([1, 4, 6]), key: noise([1, 4, 6], 2), value: noise([1, 4, 6], 3) };
  const hidden = { dtype: "float32", dims: [1, 4], data: Float32Array.of(0, -1e9, 0, 0) } as const;
  const [query, key, value] = Object.entries(inputs).map(([name, { dims }]) => graph.input(name, "float32", dims)) as [
    Value,
    Value,
    Value,
  ];
  graph.output("y", attention({ query, key, value, heads: 2, keyBias: graph.input("hidden", "float32", [1, 4]) }));
  const y = (await runGraph(graph, { ...inputs, hidden }))["y"] as Tensor<"float32">;
  closeTo(y, (index) => {
    const [position, channel] = [Math.floor(index / 6), index % 6];
    const first = channel < 3 ? 0 : 3;
    const scores = [0, 2, 3].map((other) => {
      return [0, 1, 2].reduce(
        (sum, c) => sum + at(inputs.query, 0, position, first + c) * at(inputs.key, 0, other, first + c),
        0,
      );
    });
    const weights = scores.map((score) => Math.exp(score / Math.sqrt(3)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return [0, 2, 3].reduce(
      (sum, other, index) => sum + ((weights[index] as number) / total) * at(inputs.value, 0, other, channel),
      0,
    );
  });
});
