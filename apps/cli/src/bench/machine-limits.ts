import type { Backend } from "smolvlm";
import { bandwidthMeter } from "./bandwidth-meter.js";
import { productRate } from "./product-rate.js";

/** What a machine can do at most, as it was measured. */
export interface MachineLimits {
  /** Memory read by all threads together, bytes a second. */
  readonly bandwidth: number;
  /** Operations a second of matrix products. */
  readonly fp32: number;
  readonly int8: number;
}

/** Measures the limits for a number of threads; takes about two seconds. */
export async function machineLimits(backend: Backend, threads: number): Promise<MachineLimits> {
  const meter = bandwidthMeter(threads);
  const bandwidth = await meter.measure().finally(() => meter.close());
  return { bandwidth, fp32: await productRate(backend, "float32"), int8: await productRate(backend, "int8") };
}
