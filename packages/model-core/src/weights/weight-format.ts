/**
 * How a matrix is stored for the backend.
 *
 * - `fp32`: as it is, or widened.
 * - `fp16`: half precision; computed in float16 where the backend can, widened in the graph elsewhere.
 * - `q8`: blocks of 64 values along a row with one float32 scale each, 8 bits a value (`MatMulNBits` of ONNX Runtime).
 * - `q4`: such blocks of 32, 4 bits a value, with the scale that leaves the least square error.
 * - `int8`: one scale for each output, 8 bits a value, multiplied with activations that are rounded to 8 bits row by row
 *   (`MatMulIntegerToFloat`): the fastest where many rows are multiplied.
 */
export type WeightFormat = "fp32" | "fp16" | "q8" | "q4" | "int8";

/** Every format, the most exact first. */
export const weightFormats = ["fp32", "fp16", "q8", "int8", "q4"] as const satisfies readonly WeightFormat[];

/** Formats whose values are steps of a scale. */
export type QuantizedFormat = Exclude<WeightFormat, "fp32" | "fp16">;

/** Formats that quantise in blocks along a row. */
export type BlockFormat = Exclude<QuantizedFormat, "int8">;

/** Bits of a value of each block format. */
export const bitsOf: Readonly<Record<BlockFormat, 8 | 4>> = { q8: 8, q4: 4 };

/**
 * Values of a row that share a float32 scale. Longer blocks lose more: q4, whose steps are coarse already, keeps short ones. Of q8, those of 64
 * were multiplied in 0.6 to 0.9 of the time that those of 32 took, on x86 without VNNI.
 */
export const blockLengths = { q8: 64, q4: 32 } as const satisfies Readonly<Record<BlockFormat, number>>;
