import type { Backend, Target } from "@smolvlm/contracts";

/** What a platform's backend tells of itself beside the contract. */
export interface BackendFacts {
  /** Threads of one operator. */
  readonly threads?: number | undefined;
  /** Why `auto` did not take the device it prefers. */
  readonly fallbackReason?: string | undefined;
  /** Why there is only one thread where more were wished for. */
  readonly singleThreadReason?: string | undefined;
}

/** Where a model runs, and what became of the wishes. */
export interface DeviceReport extends BackendFacts {
  /** For people: `onnxruntime-web (wasm, 4 threads)`. */
  readonly name: string;
  readonly device: Target["device"];
}

/** What is known of where a backend runs. */
export function reportDevice(backend: Backend & BackendFacts): DeviceReport {
  const { name, target, threads, fallbackReason, singleThreadReason } = backend;
  return { name, device: target.device, threads, fallbackReason, singleThreadReason };
}
