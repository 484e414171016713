import { nodeBackend } from "@smolvlm/backend-node";
import { nanoModelPath } from "@smolvlm/nano";
import { BackendError, ModelFileError, type Backend } from "@smolvlm/contracts";
import { memoryModelFiles } from "@smolvlm/hub";
import { expect, test } from "vitest";
import { loadWith } from "./load-smolvlm.js";
import { nodeRuntime } from "./node/node-runtime.js";

test("a processor that cannot be made fails at once; the backend is disposed of when it has started", async () => {
  let start: (backend: Backend) => void = () => undefined;
  const starting = new Promise<Backend>((resolve) => (start = resolve));
  const loading = loadWith({ ...nodeRuntime, createBackend: () => starting }, memoryModelFiles({}), {});
  await expect(loading).rejects.toSatisfy((error) => ModelFileError.isInstance(error));
  await new Promise<void>((disposed) => {
    start({ ...nodeBackend(), [Symbol.asyncDispose]: async () => disposed() });
  });
});

test("a backend that does not start says why", async () => {
  const createBackend = (): Promise<Backend> => Promise.reject(new BackendError("inert", "no such device."));
  await expect(loadWith({ ...nodeRuntime, createBackend }, nanoModelPath, {})).rejects.toThrow(/no such device/);
});
