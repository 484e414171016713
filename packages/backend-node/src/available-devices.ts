import { createRequire } from "node:module";
import type * as OnnxRuntime from "onnxruntime-node";

/** A device that this installation of onnxruntime-node knows. */
export interface AvailableDevice {
  /** The name that {@link nodeBackend} takes as `device`. */
  readonly name: string;
  /** Whether its libraries came with the package; others, such as CUDA's, must be on the machine. */
  readonly bundled: boolean;
}

/** What this installation of onnxruntime-node can run on. The first call loads its native library into this thread. */
export function availableDevices(): readonly AvailableDevice[] {
  // Not imported: with a worker, the caller's thread never needs the library, which takes time and memory to load.
  const ort = createRequire(import.meta.url)("onnxruntime-node") as typeof OnnxRuntime;
  return ort.listSupportedBackends();
}
