import { tensor } from "@smolvlm/contracts";
import type { SmolVLM } from "smolvlm";

/** The first run warms caches up. */
const RUNS = 4;

/** Milliseconds that one frame takes the vision tower on this machine; the least of three runs, others being disturbed. */
export async function millisecondsPerFrame({ model }: SmolVLM, signal: AbortSignal): Promise<number> {
  const { numChannels, imageSize } = model.config.visionConfig;
  const values = new Float32Array(numChannels * imageSize ** 2).fill(0.5);
  const pixelValues = tensor("float32", [1, 1, numChannels, imageSize, imageSize], values);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    await model.getImageFeatures({ pixelValues, signal });
    times.push(performance.now() - started);
  }
  return Math.min(...times.slice(1));
}
