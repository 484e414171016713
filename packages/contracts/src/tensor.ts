import { InvalidArgumentError } from "./errors.js";

/** How each element type is held in memory. `float16` and `bfloat16` are raw 16-bit patterns, since Node 20 has no `Float16Array`. */
export interface TensorDataMap {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  /** One byte an element, 0 or 1. */
  readonly bool: Uint8Array;
}

/** Name of an element type, spelled as in ONNX. */
export type DataType = keyof TensorDataMap;

/** A dense array in row-major order. `data.length` is the product of `dims`. */
export interface Tensor<T extends DataType = DataType> {
  readonly dtype: T;
  /** Sizes, slowest axis first; `[]` is a scalar. */
  readonly dims: readonly number[];
  readonly data: TensorDataMap[T];
}

/**
 * A tensor over `data`, which is not copied.
 *
 * @throws InvalidArgumentError when `data.length` is not the product of `dims`.
 */
export function tensor<T extends DataType>(dtype: T, dims: readonly number[], data: TensorDataMap[T]): Tensor<T> {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (data.length !== size) {
    throw new InvalidArgumentError({
      argument: "data",
      expected: `${size} elements for shape [${dims.join(", ")}]`,
      found: `${data.length} elements`,
    });
  }
  return { dtype, dims, data };
}
