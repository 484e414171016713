import { memoryModelFiles } from "@smolvlm/hub";
import { expect, test } from "vitest";
import { safetensorsHeader, type Shapes } from "../testing/zero-checkpoint.js";
import { openCheckpoint } from "./checkpoint.js";
import { MissingTensorError, TensorMismatchError, UnusedTensorsError } from "./weight-errors.js";
import { Weights } from "./weights.js";

async function weightsOf(shapes: Shapes, dtype = "F32", bytes = 4): Promise<Weights> {
  const { header, dataSize } = safetensorsHeader(shapes, dtype, bytes);
  const file = new Uint8Array(header.length + dataSize);
  file.set(header);
  return Weights.of(await openCheckpoint(memoryModelFiles({ "model.safetensors": file })));
}

function thrownBy(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  return expect.fail("nothing was thrown");
}

test("scopes make up the literal key", async () => {
  const weights = await weightsOf({ "model.layers.0.self_attn.q_proj.weight": [2, 3] });
  const scope = weights.at("model").at("layers.0").at("self_attn");
  expect(scope.param("q_proj.weight", [2, 3]).key).toBe("model.layers.0.self_attn.q_proj.weight");
  expect(scope.has("k_proj.weight")).toBe(false);
  expect([weights.at("model").isPresent, weights.at("mod").isPresent, weights.at("").isPresent]).toEqual([
    true,
    false,
    true,
  ]);
});

test("a missing tensor, a wrong shape and a wrong type are named", async () => {
  const weights = await weightsOf({ "a.weight": [2, 3] });
  const missing = thrownBy(() => weights.at("a").param("bias", [2]));
  expect(MissingTensorError.isInstance(missing)).toBe(true);
  expect(missing.message).toBe(
    "model.safetensors: tensor a.bias [2] is missing; config.json and the weights are not of the same model.",
  );
  const wrong = thrownBy(() => weights.at("a").param("weight", [3, 2]));
  expect(TensorMismatchError.isInstance(wrong)).toBe(true);
  expect(wrong.message).toBe(
    "model.safetensors: tensor a.weight: expected [3, 2] of F32, F16 or BF16, found [2, 3] of F32.",
  );
  const bytes = await weightsOf({ "a.weight": [6] }, "U8", 1);
  expect(thrownBy(() => bytes.param("a.weight", [6])).message).toContain(
    "expected [6] of F32, F16 or BF16, found [6] of U8.",
  );
});

test("what was not asked for is named, in the scope that was looked at", async () => {
  const shapes = Object.fromEntries(["b.x", "b.y", "a.0", "a.1", "a.2", "a.3", "a.4", "a.5"].map((key) => [key, [1]]));
  const weights = await weightsOf(shapes);
  weights.at("b").param("x", [1]);
  const some = thrownBy(() => weights.at("b").checkAllUsed());
  expect(UnusedTensorsError.isInstance(some)).toBe(true);
  expect(some.message).toBe("model.safetensors: 1 tensor is not part of the model that config.json describes: b.y.");
  weights.at("b").param("y", [1]);
  weights.at("b").checkAllUsed();
  expect(thrownBy(() => weights.checkAllUsed()).message).toBe(
    "model.safetensors: 6 tensors are not part of the model that config.json describes: a.0, a.1, a.2, a.3, a.4 and 1 more.",
  );
});
