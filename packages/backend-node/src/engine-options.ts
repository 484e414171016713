/** Devices that onnxruntime-node may have, named as its execution providers. */
export type NodeDevice = "cpu" | "cuda" | "webgpu" | "coreml" | "dml";

/** Options that every session of one backend shares. */
export interface EngineOptions {
  readonly device: NodeDevice;
  readonly threads: number;
  readonly logSeverity: 0 | 1 | 2 | 3 | 4;
}
