import { tensor } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { readModel } from "../testing/read-model.js";
import { cpuGraph, noise, runGraph } from "../testing/run-graph.js";
import { GraphError } from "./graph-error.js";

test("arithmetic broadcasts, shapes may be known only when the graph runs", async () => {
  const graph = cpuGraph();
  const x = graph.input("x", "float32", ["batch", "positions", 6]);
  const bias = graph.input("bias", "float32", [6]);
  const y = x.add(bias).mul(2).add(1);
  expect(y.dims).toEqual(["batch", "positions", 6]);
  graph.output("y", y);
  graph.output("heads", y.reshape(["batch", "positions", 2, 3]).transpose([0, 2, 1, 3]));
  graph.output("flat", y.reshape(["rows", 6]));
  const [xs, bs] = [noise([2, 3, 6]), noise([6], 2)];
  const results = await runGraph(graph, { x: xs, bias: bs });
  const value = (index: number): number => ((xs.data[index] as number) + (bs.data[index % 6] as number)) * 2 + 1;
  expect(results["y"]?.dims).toEqual([2, 3, 6]);
  results["y"]?.data.forEach((found, index) => expect(found).toBeCloseTo(value(index), 5));
  expect(results["flat"]?.dims).toEqual([6, 6]);
  expect(results["heads"]?.dims).toEqual([2, 2, 3, 3]);
  // [sample 1, head 0, position 2, channel 1] is [sample 1, position 2, channel 0 · 3 + 1].
  expect(results["heads"]?.data[18 + 0 + 2 * 3 + 1]).toBeCloseTo(value(18 + 2 * 6 + 1), 5);
});

test("one value may be several outputs, and an input may be one", async () => {
  const graph = cpuGraph();
  const x = graph.input("x", "float32", ["n"]);
  const y = x.add(x);
  for (const [name, value] of [
    ["a", y],
    ["b", y],
    ["c", x],
  ] as const)
    graph.output(name, value);
  const results = await runGraph(graph, { x: tensor("float32", [2], Float32Array.of(1, 2)) });
  expect([results["a"], results["b"], results["c"]].map((output) => [...(output?.data as Float32Array)])).toEqual([
    [2, 4],
    [2, 4],
    [1, 2],
  ]);
});

test("equal constants and shapes are made once", () => {
  const graph = cpuGraph();
  const x = graph.input("x", "float32", ["batch", "positions", 6]);
  for (let index = 0; index < 5; index++) {
    graph.output(`y${index}`, x.mul(0.5).reshape(["rows", 6]).reshape(["batch", "positions", 2, 3]));
  }
  const { operators } = readModel(graph.encode("test", () => ({ location: "", offset: 0, length: 0 })));
  expect(operators.filter((operator) => operator === "Shape")).toHaveLength(1);
  expect(operators.filter((operator) => operator === "Concat")).toHaveLength(1);
  expect(operators.filter((operator) => operator === "Reshape")).toHaveLength(10);
});

test("sizes that stay where they are need no operation", async () => {
  const graph = cpuGraph();
  const x = graph.input("x", "float32", ["batch", "positions", 6]);
  graph.output("heads", x.reshape(["batch", "positions", 2, 3]));
  graph.output("joined", x.reshape(["batch", "positions*2", 3]));
  const { operators } = readModel(graph.encode("test", () => ({ location: "", offset: 0, length: 0 })));
  expect(operators).toEqual(["Reshape", "Reshape"]);
  const results = await runGraph(graph, { x: noise([2, 3, 6]) });
  expect(results["heads"]?.dims).toEqual([2, 3, 2, 3]);
  expect(results["joined"]?.dims).toEqual([2, 6, 3]);
});

test("mistakes are found while building", () => {
  const graph = cpuGraph();
  const x = graph.input("x", "float32", ["n", 6]);
  expect(() => x.add(graph.input("y", "float32", ["m", 6]))).toThrow("Shapes [n, 6] and [m, 6] do not fit together.");
  expect(() => graph.input("z", "float32", [2, 3]).reshape([7])).toThrow("z: [2, 3] cannot become [7].");
  expect(() => x.transpose([0, 0])).toThrow("x: [0, 0] does not order the axes of [n, 6].");
  expect(() => graph.input("x", "float32", [])).toThrow("There are two inputs x.");
  expect(() => graph.size("k")).toThrow("No input has a size named k.");
  expect(() => x.add(cpuGraph().scalar(1))).toThrow(GraphError);
});
