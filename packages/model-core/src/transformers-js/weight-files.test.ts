import { expect, test } from "vitest";
import { noise, weightsWith } from "../testing/run-graph.js";
import { bytesOf } from "../testing/transformers-js-model.js";
import { storedParts, type StoredParameter } from "../weights/stored-parameter.js";
import { weightFiles } from "./weight-files.js";

test("a file is followed by the next where it would get too large; every part lies where it is said to", async () => {
  const tensors = { a: noise([4, 32], 1), b: noise([3, 32], 2), c: noise([5], 3) };
  const weights = await weightsWith(tensors);
  const stored = Object.entries(tensors).map(([key, { dims }]): StoredParameter => {
    const parameter = weights.param(key, dims);
    return { parameters: [parameter], format: "fp32", parts: storedParts(parameter, "fp32") };
  });
  const { files, locations } = weightFiles(stored, "x.onnx_data", 600);
  expect(files.map(({ path, size }) => [path, size])).toEqual([
    ["x.onnx_data", 512],
    ["x.onnx_data_1", 384 + 64],
  ]);
  const contents = new Map(await Promise.all(files.map(async (file) => [file.path, await bytesOf(file)] as const)));
  for (const [key, { data }] of Object.entries(tensors)) {
    const { location, offset, length } = locations.get(key) as { location: string; offset: number; length: number };
    const bytes = contents.get(location)?.slice(offset, offset + length) as Uint8Array;
    expect(new Float32Array(bytes.buffer)).toEqual(data);
  }
});
