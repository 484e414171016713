import { nodeBackend } from "@smolvlm/backend-node";
import type { Backend, ModelFiles, ModelInputs, RunOptions, Session, Tensor } from "@smolvlm/contracts";
import { openModel } from "@smolvlm/hub/node";
import { checkpointFolder, goldenCases, goldenInputs, goldenTensors, type GoldenCase } from "./fixtures.js";

/** The files of a tiny checkpoint. */
export function tinyFiles(name: string): Promise<ModelFiles> {
  return openModel(checkpointFolder(name));
}

/** A golden case by name, with its inputs and tensors. */
export async function tinyCase(
  checkpoint: string,
  name: string,
): Promise<{ golden: GoldenCase; inputs: ModelInputs; tensors: ReadonlyMap<string, Tensor> }> {
  const golden = goldenCases(checkpoint).find((each) => each.case === name) as GoldenCase;
  const tensors = await goldenTensors(golden);
  return { golden, inputs: goldenInputs(tensors), tensors };
}

/** One row of a batch of texts without its padding. */
export function soloRow({ inputIds, attentionMask }: ModelInputs, row: number): Tensor<"int32"> {
  const [, length = 0] = inputIds.dims;
  const range = [row * length, (row + 1) * length] as const;
  const mask = attentionMask.data.subarray(...range);
  const data = inputIds.data.subarray(...range).filter((_, index) => mask[index] === 1);
  return { dtype: "int32", dims: [1, data.length], data };
}

/** A backend on the CPU in this thread, that counts runs by graph and can be told to do something before each. */
export function countingBackend(
  beforeRun: (graph: string) => void = () => undefined,
): Backend & { readonly runs: Map<string, number> } {
  const backend = nodeBackend({ worker: false, threads: 1 });
  const runs = new Map<string, number>();
  return {
    name: backend.name,
    target: backend.target,
    runs,
    async createSession(graph, options) {
      const session = await backend.createSession(graph, options);
      const run: Session["run"] = (feeds, runOptions?: RunOptions) => {
        runs.set(graph.name, (runs.get(graph.name) ?? 0) + 1);
        beforeRun(graph.name);
        return session.run(feeds, runOptions);
      };
      return new Proxy(session, {
        get: (target, key) => {
          if (key === "run") return run;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
