import type { WeightFormat } from "../weights/weight-format.js";

/** Formats that can be written for transformers.js, by its names for them. */
export type TransformersJsDtype = "fp32" | "fp16" | "q8" | "q4";

/** What a format is called in file names, and how the matrices are stored. Numbers go in and out as float32 in all of them. */
export const transformersJsDtypes: Readonly<
  Record<TransformersJsDtype, { readonly suffix: string; readonly format: WeightFormat }>
> = {
  fp32: { suffix: "", format: "fp32" },
  fp16: { suffix: "_fp16", format: "fp16" },
  q8: { suffix: "_quantized", format: "q8" },
  q4: { suffix: "_q4", format: "q4" },
};
