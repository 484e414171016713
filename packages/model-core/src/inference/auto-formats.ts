import type { Target } from "@smolvlm/contracts";
import type { PartFormats } from "./dtype.js";

/** What `auto` stands for on each device. */
export const autoFormats: Readonly<Record<Target["device"], PartFormats>> = {
  cpu: { vision: "int8", text: "q8", head: "q8" },
  wasm: { vision: "int8", text: "int8", head: "int8" },
  webgpu: { vision: "fp16", text: "q8", head: "q8" },
  cuda: { vision: "fp16", text: "fp16", head: "fp16" },
  coreml: { vision: "fp32", text: "fp32", head: "fp32" },
  dml: { vision: "fp16", text: "q8", head: "q8" },
};
