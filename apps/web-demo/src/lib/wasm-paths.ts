import cpuModule from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import cpuWasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import gpuModule from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import gpuWasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?gzipped";
import type { LoadOptions } from "smolvlm";
import { inflatedUrl } from "./inflate.js";

const absolute = (url: string): string => new URL(url, document.baseURI).href;

/** Addresses of ONNX Runtime's files. Those for WebGPU are 27 MB and come only where there is a GPU to use. */
export async function wasmPaths(withGpu: boolean): Promise<NonNullable<LoadOptions["wasmPaths"]>> {
  const wasm = { mjs: absolute(cpuModule), wasm: absolute(cpuWasm) };
  if (!withGpu) return { wasm };
  return { wasm, webgpu: { mjs: absolute(gpuModule), wasm: await inflatedUrl(absolute(gpuWasm), "application/wasm") } };
}
