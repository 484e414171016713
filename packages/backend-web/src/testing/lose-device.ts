import { testGraph } from "@smolvlm/contracts/testing";
import { tensor, type Tensor } from "@smolvlm/contracts";
import { webBackend, type WebBackendOptions } from "../web-backend.js";

/** What was seen of a lost device, and of the backend made after it. */
export interface Loss {
  /** What the run after the loss failed with. */
  readonly error: { readonly name: string; readonly message: string };
  /** What the same graph gave before, and from a new backend afterwards. */
  readonly before: number;
  readonly after: number;
}

/** Runs on WebGPU before and after its device is destroyed, and then loads the same again. */
export async function runsAfterLoss(options: WebBackendOptions, destroy: () => Promise<unknown>): Promise<Loss> {
  const chosen = { ...options, device: "webgpu" } as const;
  const graph = { name: "add", model: testGraph("twoOutputs"), externalData: [] };
  const feeds = { a: tensor("float32", [1], Float32Array.of(1)), b: tensor("float32", [1], Float32Array.of(2)) };
  const sumOf = (outputs: Readonly<Record<string, Tensor>>): number => Number(outputs["sum"]?.data[0]);

  const lost = await webBackend(chosen);
  const session = await lost.createSession(graph);
  const before = sumOf(await session.run(feeds));
  await destroy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const error = await session.run(feeds).then(
    () => ({ name: "none", message: "the run succeeded" }),
    ({ name, message }: Error) => ({ name, message }),
  );
  await lost[Symbol.asyncDispose]();
  await using again = await webBackend(chosen);
  await using reloaded = await again.createSession(graph);
  return { error, before, after: sumOf(await reloaded.run(feeds)) };
}
