import type { ReadOptions } from "@smolvlm/contracts";
import type { Parameter } from "./checkpoint-tensor.js";
import { quantizeRows } from "./quantize-rows.js";
import type { StoredParameter } from "./stored-parameter.js";
import { bytesOf, widen } from "./widen.js";

/** Elements converted at a time: 4 MiB of float32, so that the largest matrix is never in memory. */
const PIECE_ELEMENTS = 2 ** 20;

/** The bytes of a stored weight, all its parts behind each other, read and converted piece by piece. */
export async function* convertParameter(stored: StoredParameter, options?: ReadOptions): AsyncGenerator<Uint8Array> {
  const { parameter, format } = stored;
  if (format === "fp32") {
    for await (const values of readPieces(parameter, PIECE_ELEMENTS, options)) yield asBytes(values);
    return;
  }
  const columns = parameter.shape[1] as number;
  const rows = Math.max(1, Math.floor(PIECE_ELEMENTS / columns));
  const scales: Uint8Array[] = [];
  for await (const values of readPieces(parameter, rows * columns, options)) {
    const quantized = quantizeRows(values, columns, format);
    scales.push(asBytes(quantized.scales));
    yield quantized.values;
  }
  yield* scales;
}

/** The elements of a tensor as float32, at most `elements` at a time. */
async function* readPieces(
  { file, offset, byteLength, dtype }: Parameter,
  elements: number,
  options?: ReadOptions,
): AsyncGenerator<Float32Array> {
  const step = elements * bytesOf[dtype];
  for (let at = 0; at < byteLength; at += step) {
    options?.signal?.throwIfAborted();
    const bytes = await file.source.read(offset + at, Math.min(step, byteLength - at), options);
    yield widen(bytes, dtype);
  }
}

function asBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
