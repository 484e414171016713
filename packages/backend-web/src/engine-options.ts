/** Where kernels run in a browser. */
export type WebDevice = "webgpu" | "wasm";

/** URLs of ONNX Runtime's files for one device, as its `env.wasm.wasmPaths` takes them. */
export interface WasmPaths {
  /** `ort-wasm-simd-threaded.mjs`, for WebGPU `ort-wasm-simd-threaded.asyncify.mjs`. */
  readonly mjs: string;
  /** The `.wasm` file of the same name. */
  readonly wasm: string;
}

/** Options that every session of one backend shares. */
export interface EngineOptions {
  readonly device: WebDevice;
  readonly threads: number;
  readonly paths: WasmPaths | undefined;
  readonly logSeverity: 0 | 1 | 2 | 3 | 4;
  readonly cpuFallback: boolean;
}
