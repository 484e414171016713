import { ModelFileError, type ModelFiles } from "@smolvlm/contracts";
import { memoryModelFiles } from "@smolvlm/hub";
import fc from "fast-check";
import { expect, test } from "vitest";
import { safetensorsHeader, type Shapes } from "../testing/zero-checkpoint.js";
import { openCheckpoint } from "./checkpoint.js";

function weights(shapes: Shapes): Uint8Array {
  const { header, dataSize } = safetensorsHeader(shapes);
  const bytes = new Uint8Array(header.length + dataSize);
  bytes.set(header);
  return bytes;
}

const one = weights({ a: [2] });
const two = weights({ b: [3], c: [1] });
const index = (weight_map: unknown): string => JSON.stringify({ metadata: { total_size: 24 }, weight_map });
const sharded = (
  map: unknown,
  more: Record<string, Uint8Array> = { "m-1.safetensors": one, "m-2.safetensors": two },
): ModelFiles => {
  return memoryModelFiles({ "model.safetensors.index.json": index(map), ...more });
};
const whole = { a: "m-1.safetensors", b: "m-2.safetensors", c: "m-2.safetensors" };

test("shards are found through the index", async () => {
  const { tensors, name } = await openCheckpoint(sharded(whole));
  expect(name).toBe("model.safetensors.index.json");
  expect([...tensors.keys()].sort()).toEqual(["a", "b", "c"]);
  expect(tensors.get("c")).toMatchObject({ shape: [1], file: { file: "m-2.safetensors" } });
});

test("a single file comes before an index, as in the reference", async () => {
  const files = memoryModelFiles({ "model.safetensors": one, "model.safetensors.index.json": "{" });
  expect([...(await openCheckpoint(files)).tensors.keys()]).toEqual(["a"]);
});

test.each([
  [
    "no weights",
    memoryModelFiles({}, "org/name"),
    "model.safetensors: org/name has neither it nor model.safetensors.index.json; weights are read from safetensors files only, so convert others with save_pretrained(…, safe_serialization=True).",
  ],
  [
    "no map",
    memoryModelFiles({ "model.safetensors.index.json": "{}" }),
    "model.safetensors.index.json: weight_map: expected an object; fetch the file again.",
  ],
  [
    "a path for a name",
    sharded({ a: "../m-1.safetensors" }),
    'model.safetensors.index.json: weight_map.a: expected the name of a safetensors file, found "../m-1.safetensors".',
  ],
  [
    "a number for a name",
    sharded({ a: 1 }),
    "model.safetensors.index.json: weight_map.a: expected the name of a safetensors file, found 1.",
  ],
  [
    "a missing shard",
    sharded(whole, { "m-1.safetensors": one }),
    "m-2.safetensors: model.safetensors.index.json names it, but memory does not have it; fetch the model again.",
  ],
  [
    "a tensor the index does not know",
    sharded({ a: "m-1.safetensors", b: "m-2.safetensors" }),
    "model.safetensors.index.json: tensor c is in m-2.safetensors, but the index says no file; fetch the model again.",
  ],
  [
    "a tensor in another shard",
    sharded({ ...whole, c: "m-1.safetensors" }),
    "model.safetensors.index.json: tensor c is in m-2.safetensors, but the index says m-1.safetensors; fetch the model again.",
  ],
  [
    "a tensor that is not there",
    sharded({ ...whole, d: "m-1.safetensors" }),
    "model.safetensors.index.json: tensor d should be in m-1.safetensors and is not; fetch the model again.",
  ],
])("%s", async (_name, files, message) => {
  const error = await openCheckpoint(files).catch((cause: unknown) => cause);
  expect(ModelFileError.isInstance(error)).toBe(true);
  expect((error as ModelFileError).message).toBe(message);
});

test("whatever the index says, the answer is a checkpoint or a ModelFileError", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), async (json, map) => {
      for (const text of [JSON.stringify(json), index(map)]) {
        const files = memoryModelFiles({ "model.safetensors.index.json": text, "m-1.safetensors": one });
        await openCheckpoint(files).catch((error: unknown) => {
          if (!ModelFileError.isInstance(error)) throw error;
        });
      }
    }),
    { numRuns: 300, seed: 20261124 },
  );
});
