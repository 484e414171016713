// `node scripts/build-wasm.mjs [--check]`
import { wasmKernel } from "@smolvlm/tooling/wasm-kernel";
import asc from "assemblyscript/asc";

/** The text of the generated module. */
export const generate = wasmKernel({
  asc,
  script: import.meta.url,
  source: "wasm/yuv-to-rgb.ts",
  target: "src/wasm-kernel.ts",
});
