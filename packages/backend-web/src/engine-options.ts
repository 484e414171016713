/** Where kernels run in a browser. */
export type WebDevice = "webgpu" | "wasm";

/** URLs of ONNX Runtime's files of one build, as its `env.wasm.wasmPaths` takes them. */
export interface WasmPaths {
  /** `ort-wasm-simd-threaded.mjs` for `wasm`, `….jspi.mjs` for `jspi`, `….asyncify.mjs` for `webgpu`. */
  readonly mjs: string;
  /** The `.wasm` file of the same name. */
  readonly wasm: string;
}

/** A build of ONNX Runtime. For WebGPU, `jspi` where the browser can suspend WebAssembly: it is smaller, and survives failed runs. */
export type WebBuild = "wasm" | "jspi" | "asyncify";

/** Options that every session of one backend shares. */
export interface EngineOptions {
  readonly device: WebDevice;
  readonly build: WebBuild;
  readonly threads: number;
  readonly paths: WasmPaths | undefined;
  readonly logSeverity: 0 | 1 | 2 | 3 | 4;
  readonly cpuFallback: boolean;
}
