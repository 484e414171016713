import { testGraph } from "@smolvlm/contracts/testing";
import { tensor } from "@smolvlm/contracts";
import { webBackend, type WebBackendOptions } from "../web-backend.js";

/** Destroys the GPU device of a backend in this thread; the error of the run after that. */
export async function runsAfterLoss(
  options: WebBackendOptions,
  gpu: { readonly device: Promise<{ destroy(): void }> },
): Promise<{ readonly name: string; readonly message: string }> {
  await using backend = await webBackend({ ...options, device: "webgpu", worker: false });
  const session = await backend.createSession({ name: "add", model: testGraph("twoOutputs"), externalData: [] });
  const one = tensor("float32", [1], Float32Array.of(1));
  (await gpu.device).destroy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return session.run({ a: one, b: one }).then(
    () => ({ name: "none", message: "the run succeeded" }),
    ({ name, message }: Error) => ({ name, message }),
  );
}
