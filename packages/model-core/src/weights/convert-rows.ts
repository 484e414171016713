import type { ConversionError } from "./conversion-error.js";
import { ErrorMeter } from "./error-meter.js";
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

/** Converts rows in this thread, and measures what is lost. */
export function convertRows({ bytes, type, columns, format }: RowsRequest): ConvertedRows {
  const values = format === "fp32" ? widen(bytes, type) : widen(bytes, type, scratch);
  const meter = new ErrorMeter();
  const parts = partsOf(values, columns, format, meter).map(bytesOf);
  return { parts, ...meter.error };
}

let lastScratch = new Float32Array(0);

/** Memory for numbers that are needed until the end of a conversion: to get new pages each time takes as long as to fill them. */
function scratch(count: number): Float32Array {
  if (lastScratch.length < count) lastScratch = new Float32Array(count);
  return lastScratch.subarray(0, count);
}

function partsOf(
  values: Float32Array,
  columns: number,
  format: WeightFormat,
  meter: ErrorMeter,
): readonly ArrayBufferView[] {
  if (format === "fp32") {
    meter.addValues(values, values);
    return [values];
  }
  if (format === "fp16") {
    const halves = narrow(values);
    meter.addValues(values, widen(bytesOf(halves), "F16"));
    return [halves];
  }
  const quantized =
    format === "int8" ? quantizeChannels(values, columns, meter) : quantizeBlocks(values, columns, format, meter);
  return [quantized.values, quantized.scales];
}

function bytesOf(values: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}
