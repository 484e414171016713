import type { Parameter } from "./checkpoint-tensor.js";

/**
 * How a weight is stored for the backend: `fp32`, or blocks of 32 values along a row with one float32 scale each, 8 or 4 bits a
 * value (`MatMulNBits` of ONNX Runtime).
 */
export type WeightFormat = "fp32" | "q8" | "q4";

/** Values that share a scale. */
export const QUANTIZATION_BLOCK = 32;

/** Bits of a quantised value. */
export const bitsOf = { q8: 8, q4: 4 } as const;

/** One tensor of a stored weight. */
export interface StoredPart {
  /** Unique in a graph. */
  readonly name: string;
  readonly dtype: "float32" | "uint8";
  readonly dims: readonly number[];
  readonly byteLength: number;
}

/** A weight and how it is stored. */
export interface StoredParameter {
  readonly parameter: Parameter;
  readonly format: WeightFormat;
  /** fp32: the tensor itself. Otherwise the values [rows, blocks, bytes of a block] and the scales [rows · blocks]. */
  readonly parts: readonly StoredPart[];
}

/** The tensors that a weight is stored in; quantised ones must be matrices [rows, columns]. */
export function storedParts(parameter: Parameter, format: WeightFormat): readonly StoredPart[] {
  const { key, shape } = parameter;
  if (format === "fp32") {
    const elements = shape.reduce((product, size) => product * size, 1);
    return [{ name: key, dtype: "float32", dims: shape, byteLength: 4 * elements }];
  }
  const [rows = 1, columns = 1] = shape;
  const blocks = Math.ceil(columns / QUANTIZATION_BLOCK);
  const blockBytes = (QUANTIZATION_BLOCK * bitsOf[format]) / 8;
  const count = rows * blocks;
  return [
    { name: `${key}.${format}`, dtype: "uint8", dims: [rows, blocks, blockBytes], byteLength: count * blockBytes },
    { name: `${key}.${format}.scales`, dtype: "float32", dims: [count], byteLength: 4 * count },
  ];
}
