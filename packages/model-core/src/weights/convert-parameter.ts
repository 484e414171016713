import { ModelFileError, type ReadOptions } from "@smolvlm/contracts";
import type { Parameter } from "./checkpoint-tensor.js";
import { addErrors, noError, type ConversionError } from "./conversion-error.js";
import type { ConvertedRows, RowsConverter } from "./convert-rows.js";
import { inThisThread } from "./in-this-thread.js";
import type { StoredParameter } from "./stored-parameter.js";
import type { QuantizedFormat } from "./weight-format.js";
import { bytesOf } from "./widen.js";

/** Elements converted at a time: 4 MiB of float32, so that of the largest matrix only the result is in memory. */
const PIECE_ELEMENTS = 2 ** 20;

/** Pieces of a weight that are read and converted while one is taken. */
const PIECES_AHEAD = 2;

/** Options of converting. */
export interface ConvertOptions extends ReadOptions {
  /** Does the work; by default this thread, with pauses for others. */
  readonly converter?: RowsConverter | undefined;
  /** Called for each weight that is stored in it, when its bytes are made. */
  readonly onConverted?: ((error: ConversionError, parameter: Parameter) => void) | undefined;
}

/** The bytes of a stored weight, all its parts behind each other, read and converted piece by piece. */
export async function* convertParameter(
  { parameters, format, parts }: StoredParameter,
  { converter = inThisThread, onConverted, signal }: ConvertOptions = {},
): AsyncGenerator<Uint8Array> {
  // Of quantised weights the values are passed on as they come, unless they are to be laid out by columns.
  const later: Uint8Array[][] = parts.slice(1).map(() => []);
  const transposed = format === "int8" ? new Uint8Array(parts[0]?.byteLength ?? 0) : undefined;
  let row = 0;
  for (const parameter of parameters) {
    const columns = parameter.shape.length === 2 ? (parameter.shape[1] as number) : 1;
    let total = noError;
    for await (const piece of convertedPieces(parameter, columns, format, converter, { signal })) {
      total = addErrors(total, piece);
      const [values, ...rest] = piece.parts as [Uint8Array, ...Uint8Array[]];
      rest.forEach((bytes, part) => later[part]?.push(bytes));
      if (transposed) row += placeColumns(transposed, values, columns, row);
      else yield values;
    }
    onConverted?.(total, parameter);
  }
  if (transposed) yield transposed;
  for (const bytes of later.flat()) yield bytes;
}

/** Copies rows laid out by columns [columns, rows of the piece] into [columns, all rows]; returns how many they are. */
function placeColumns(all: Uint8Array, piece: Uint8Array, columns: number, firstRow: number): number {
  const [rows, count] = [all.length / columns, piece.length / columns];
  for (let column = 0; column < columns; column++) {
    all.set(piece.subarray(column * count, (column + 1) * count), column * rows + firstRow);
  }
  return count;
}

async function* convertedPieces(
  { key, shape, numbers, forms }: Parameter,
  columns: number,
  format: StoredParameter["format"],
  converter: RowsConverter,
  options: ReadOptions,
): AsyncGenerator<ConvertedRows> {
  if (!numbers) {
    const [form] = forms;
    if (!form) throw new ModelFileError(key, "the checkpoint has neither its numbers nor a quantised form of them.");
    for await (const values of readForm(form, shape as readonly [number, number], options)) {
      yield await converter.convert({ bytes: values, type: "F32", columns, format });
    }
    return;
  }
  const { file, offset, byteLength, dtype } = numbers;
  const step = Math.max(1, Math.floor(PIECE_ELEMENTS / columns)) * columns * bytesOf[dtype];
  const convert = async (at: number): Promise<ConvertedRows> => {
    options.signal?.throwIfAborted();
    const bytes = await file.source.read(offset + at, Math.min(step, byteLength - at), options);
    return converter.convert({ bytes, type: dtype, columns, format });
  };
  const begun: Promise<ConvertedRows>[] = [];
  for (let at = 0; at < byteLength || begun.length > 0; at += step) {
    if (at < byteLength) {
      const piece = convert(at);
      // Told when it is its turn.
      piece.catch(() => undefined);
      begun.push(piece);
    }
    if (begun.length > PIECES_AHEAD || at + step >= byteLength) yield (await begun.shift()) as ConvertedRows;
  }
}

/** The rows that a quantised form stands for, as bytes of float32. */
async function* readForm(
  [format, tensors]: readonly [QuantizedFormat, NonNullable<ReturnType<Parameter["forms"]["get"]>>],
  [rows, columns]: readonly [number, number],
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  // Only a converted checkpoint on a device that it was not made for needs it.
  const { dequantize } = await import("./dequantize.js");
  const pieceRows = Math.max(1, Math.floor(PIECE_ELEMENTS / columns));
  // Values laid out by columns cannot be read row by row.
  const step = format === "int8" ? rows : pieceRows;
  for (let row = 0; row < rows; row += step) {
    options.signal?.throwIfAborted();
    const count = Math.min(step, rows - row);
    const parts = await Promise.all(
      tensors.map(({ file, offset, byteLength }) => {
        const rowBytes = byteLength / rows;
        return file.source.read(offset + row * rowBytes, count * rowBytes, options);
      }),
    );
    const values = dequantize(parts, [count, columns], format);
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
}
