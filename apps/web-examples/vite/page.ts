import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { describe } from "./describe.js";

const show = (id: string, text: string): void => {
  (document.getElementById(id) as HTMLOutputElement).value = text;
};
const failed = (error: unknown): string => `failed: ${error instanceof Error ? error.message : String(error)}`;

show("page", await describe({ device: "wasm" }).catch(failed));

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.onmessage = ({ data }: MessageEvent<string>) => show("worker", data);

// Threads need a page that is cross-origin isolated (see vite.config.ts) and ONNX Runtime's files by their addresses.
const wasmPaths = { wasm: { mjs: new URL(mjs, location.href).href, wasm: new URL(wasm, location.href).href } };
show("threads", await describe({ device: "wasm", threads: 2, wasmPaths }).catch(failed));
