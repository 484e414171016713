import { nodeBackend } from "@smolvlm/backend-node";
import { expect, test } from "vitest";
import { linear } from "../ops/linear.js";
import { cpuGraph, noise, runGraph, weightsWith } from "../testing/run-graph.js";
import { runInPieces } from "./run-in-pieces.js";

test.each([1, 300, 2 ** 20])("pieces of %i bytes of weights give what the whole graph gives", async (pieceBytes) => {
  const weights = await weightsWith({
    "a.weight": noise([8, 8], 2),
    "b.weight": noise([8, 8], 3),
    "c.weight": noise([8, 8], 4),
  });
  const graph = cpuGraph();
  const x = graph.input("x", "float32", ["rows", 8]);
  const shift = graph.input("shift", "float32", ["rows", 8]);
  const a = linear(weights.at("a"), x, 8, { bias: false });
  const b = linear(weights.at("b"), a.mul(2), 8, { bias: false }).add(x);
  // Two values are handed on, one past a piece that has no use for it, and an input is needed at the very end.
  graph.output("c", linear(weights.at("c"), b, 8, { bias: false }).add(a).add(shift));
  graph.output("b", b);
  const feeds = { x: noise([3, 8]), shift: noise([3, 8], 5) };
  const backend = nodeBackend({ worker: false, threads: 1 });
  const names: string[] = [];
  const counting: typeof backend = Object.assign(Object.create(backend) as typeof backend, {
    createSession: (...args: Parameters<typeof backend.createSession>) => {
      names.push(args[0].name);
      return backend.createSession(...args);
    },
  });
  const options = { name: "test", model: "test", revision: "test", device: "cpu", version: "0", pieceBytes };
  const found = await runInPieces(graph, feeds, { ...options, backend: counting });
  expect(found).toEqual(await runGraph(graph, feeds));
  expect(names).toHaveLength({ 1: 3, 300: 3 }[pieceBytes] ?? 1);
  await backend[Symbol.asyncDispose]();
});
