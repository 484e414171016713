import { dequantize } from "./dequantize.js";
import { narrow } from "./narrow.js";
import { quantizeBlocks } from "./quantize-blocks.js";
import { quantizeChannels } from "./quantize-channels.js";
import type { WeightType } from "./checkpoint-tensor.js";
import type { WeightFormat } from "./weight-format.js";
import { widen } from "./widen.js";

/** Some whole rows of a weight and what they are to become. */
export interface RowsRequest {
  /** Little-endian numbers. */
  readonly bytes: Uint8Array;
  readonly type: WeightType;
  /** Elements of a row; for weights that are no matrices anything that divides their number. */
  readonly columns: number;
  readonly format: WeightFormat;
}

/** What the conversion of a weight lost. */
export interface ConversionError {
  /** Sum of the squares of what each value is off. */
  readonly squaredError: number;
  /** Sum of the squares of the values. */
  readonly squaredSum: number;
  /** Sum of what each value but 0 is off, as a part of itself, 1 at most. */
  readonly relativeErrors: number;
  /** Values but 0. */
  readonly count: number;
  /** Values that are not finite, before or after. */
  readonly notFinite: number;
}

/** Converted rows. */
export interface ConvertedRows extends ConversionError {
  /** The bytes of each stored part, in the order of `storedParts`. */
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
}

/** Converts rows; a platform may bring one that works in another thread. */
export interface RowsConverter {
  /** The request's bytes may be moved away. */
  convert(request: RowsRequest): Promise<ConvertedRows>;
}

/** Nothing lost yet. */
export const noError: ConversionError = { squaredError: 0, squaredSum: 0, relativeErrors: 0, count: 0, notFinite: 0 };

/** What two conversions lost together. */
export function addErrors(a: ConversionError, b: ConversionError): ConversionError {
  return {
    squaredError: a.squaredError + b.squaredError,
    squaredSum: a.squaredSum + b.squaredSum,
    relativeErrors: a.relativeErrors + b.relativeErrors,
    count: a.count + b.count,
    notFinite: a.notFinite + b.notFinite,
  };
}

/** Converts rows in this thread, and measures what is lost by reading back what was written. */
export function convertRows({ bytes, type, columns, format }: RowsRequest): ConvertedRows {
  const values = widen(bytes, type);
  if (format === "fp32") return { parts: [bytesOf(values)], ...differenceOf(values, values) };
  if (format === "fp16") {
    const parts = [bytesOf(narrow(values))];
    return { parts, ...differenceOf(values, widen(parts[0] as Uint8Array, "F16")) };
  }
  const parts = quantize(values, columns, format);
  return { parts, ...differenceOf(values, dequantize(parts, [values.length / columns, columns], format)) };
}

function quantize(values: Float32Array, columns: number, format: "q8" | "q4" | "int8"): Uint8Array<ArrayBuffer>[] {
  if (format === "int8") {
    const channels = quantizeChannels(values, columns);
    return [bytesOf(channels.values), bytesOf(channels.scales)];
  }
  const blocks = quantizeBlocks(values, columns, format);
  return [bytesOf(blocks.values), bytesOf(blocks.scales)];
}

function differenceOf(values: Float32Array, found: Float32Array): ConversionError {
  let squaredError = 0;
  let squaredSum = 0;
  let relativeErrors = 0;
  let count = 0;
  let notFinite = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const error = (found[index] as number) - value;
    // Not a number where either is not finite.
    if (!(Math.abs(error) < Infinity)) notFinite++;
    squaredError += error * error;
    squaredSum += value * value;
    if (value === 0) continue;
    count++;
    relativeErrors += Math.min(Math.abs(error / value), 1);
  }
  return { squaredError, squaredSum, relativeErrors, count, notFinite };
}

function bytesOf(values: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}
