import type { ByteSource } from "@smolvlm/contracts";
import type { QuantizedFormat } from "./weight-format.js";

/** Element types of safetensors files, with their size in bytes. Only the three of {@link WeightType} can be weights. */
export const safetensorsTypes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** Name of an element type in a safetensors header. */
export type SafetensorsType = keyof typeof safetensorsTypes;

/** Element types that weights may have. */
export type WeightType = "F32" | "F16" | "BF16";

/** A file of weights. */
export interface WeightFile {
  /** Its path in the checkpoint. */
  readonly file: string;
  readonly source: ByteSource;
  /** Whether it was made for one graph and has quantised forms in it. */
  readonly isConverted?: boolean | undefined;
}

/** Where a tensor of a checkpoint is. */
export interface CheckpointTensor<T extends SafetensorsType = SafetensorsType> {
  /** The literal key. */
  readonly key: string;
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly file: WeightFile;
  /** First byte, from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A tensor whose element type can be widened to float32. */
export type NumberTensor = CheckpointTensor<WeightType>;

/** A weight of a checkpoint. */
export interface Parameter {
  /** The literal key. */
  readonly key: string;
  readonly shape: readonly number[];
  /** Its numbers; absent where a converted checkpoint has quantised forms alone. */
  readonly numbers?: NumberTensor | undefined;
  /** Forms that a converted checkpoint has it in: the tensors of its stored parts, in their order. */
  readonly forms: ReadonlyMap<QuantizedFormat, readonly CheckpointTensor[]>;
  /** The matrix of the checkpoint that these are rows of, where they are not all. */
  readonly whole?: Parameter | undefined;
}
