import { nodeBackend } from "@smolvlm/backend-node";
import { tensor, type Target, type Tensor } from "@smolvlm/contracts";
import { memoryByteStore, memoryModelFiles } from "@smolvlm/hub";
import { GraphBuilder } from "../graph/graph-builder.js";
import { openCheckpoint } from "../weights/checkpoint.js";
import { placeWeights } from "../weights/place-weights.js";
import type { WeightFormat } from "../weights/weight-format.js";
import { Weights } from "../weights/weights.js";
import { safetensorsHeader } from "./zero-checkpoint.js";

const backend = nodeBackend({ worker: false, threads: 1 });

/** Weights with these values, float32. */
export async function weightsWith(tensors: Readonly<Record<string, Tensor<"float32">>>): Promise<Weights> {
  const shapes = Object.entries(tensors).map(([key, { dims }]) => [key, dims]);
  const { header } = safetensorsHeader(Object.fromEntries(shapes) as Record<string, readonly number[]>);
  const parts = [header, ...Object.values(tensors).map(({ data }) => new Uint8Array(data.slice().buffer))];
  const file = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  return Weights.of(await openCheckpoint(memoryModelFiles({ "model.safetensors": file })));
}

/** A builder for the CPU, or for a target that differs from it and can still run there. */
export function cpuGraph(format: WeightFormat = "fp32", differences: Partial<Target> = {}): GraphBuilder {
  return new GraphBuilder({ target: { ...backend.target, ...differences }, formats: { linear: format, head: format } });
}

/** Runs a graph on onnxruntime-node. */
export async function runGraph(graph: GraphBuilder, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const placed = await placeWeights(graph.storedParameters, {
    name: "test",
    model: "test",
    revision: "test",
    device: graph.target.device,
    version: "0",
    store: memoryByteStore(),
  });
  const model = graph.encode("test", placed.locate);
  await using session = await backend.createSession({ name: "test", model, externalData: placed.externalData });
  return await session.run(feeds);
}

/** A tensor whose values look random and are always the same. */
export function noise(dims: readonly number[], seed = 1): Tensor<"float32"> {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return tensor(
    "float32",
    dims,
    Float32Array.from({ length: size }, (_, index) => Math.sin((index + 1) * 78.233 * seed) % 1),
  );
}
