import type { Parameter } from "./checkpoint-tensor.js";
import { bitsOf, blockLengths, type WeightFormat } from "./weight-format.js";

/** One tensor of a stored weight. */
export interface StoredPart {
  /** Unique in a graph. */
  readonly name: string;
  readonly dtype: "float32" | "float16" | "uint8" | "int8";
  readonly dims: readonly number[];
  readonly byteLength: number;
}

/** A weight, or several whose rows are stored as one, and how. */
export interface StoredParameter {
  /** More than one: matrices with as many columns, whose rows lie behind each other. */
  readonly parameters: readonly Parameter[];
  readonly format: WeightFormat;
  /** See {@link storedParts}. */
  readonly parts: readonly StoredPart[];
}

/** The shape of several matrices whose rows are taken together, and a key of their own. */
export function stackOf(parameters: readonly Parameter[]): Pick<Parameter, "key" | "shape"> {
  const [first, ...others] = parameters as readonly [Parameter, ...Parameter[]];
  if (others.length === 0) return first;
  const rows = parameters.reduce((sum, { shape }) => sum + (shape[0] as number), 0);
  return { key: parameters.map(({ key }) => key).join("+"), shape: [rows, ...first.shape.slice(1)] };
}

/**
 * The tensors that a weight is stored in; quantised ones must be matrices [rows, columns].
 *
 * - `fp32`, `fp16`: the tensor itself.
 * - `q8`: values [rows, blocks, 64], scales [rows · blocks].
 * - `q4`: values [rows, blocks, 16], scales [rows · blocks].
 * - `int8`: values [columns, rows], scales [rows].
 */
export function storedParts(
  { key, shape }: Pick<Parameter, "key" | "shape">,
  format: WeightFormat,
): readonly StoredPart[] {
  if (format === "fp32") return [part(key, "float32", shape)];
  if (format === "fp16") return [part(`${key}.fp16`, "float16", shape)];
  const [rows = 1, columns = 1] = shape;
  const name = `${key}.${format}`;
  if (format === "int8") return [part(name, "int8", [columns, rows]), part(`${name}.scales`, "float32", [rows])];
  const [bits, length] = [bitsOf[format], blockLengths[format]];
  const blocks = Math.ceil(columns / length);
  return [part(name, "uint8", [rows, blocks, (length * bits) / 8]), part(`${name}.scales`, "float32", [rows * blocks])];
}

const byteSizes = { float32: 4, float16: 2, uint8: 1, int8: 1 } as const;

function part(name: string, dtype: StoredPart["dtype"], dims: readonly number[]): StoredPart {
  return { name, dtype, dims, byteLength: dims.reduce((product, size) => product * size, byteSizes[dtype]) };
}
