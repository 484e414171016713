import { bitsOf, blockLengths, type BlockFormat, type QuantizedFormat } from "./weight-format.js";

/** The bytes of the parts of some rows, in the order of `storedParts`. */
export type QuantizedParts = readonly Uint8Array[];

/** The float32 rows [rows, columns] that quantised ones stand for. */
export function dequantize(
  parts: QuantizedParts,
  shape: readonly [rows: number, columns: number],
  format: QuantizedFormat,
): Float32Array {
  return format === "int8" ? dequantizeChannels(parts, shape) : dequantizeBlocks(parts, shape, format);
}

function dequantizeChannels(parts: QuantizedParts, [rows, columns]: readonly [number, number]): Float32Array {
  const [values, scales] = [new Int8Array(aligned(parts[0])), new Float32Array(aligned(parts[1]))];
  const matrix = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const scale = scales[row] as number;
    for (let column = 0; column < columns; column++) {
      matrix[row * columns + column] = (values[column * rows + row] as number) * scale;
    }
  }
  return matrix;
}

function dequantizeBlocks(
  parts: QuantizedParts,
  [rows, columns]: readonly [number, number],
  format: BlockFormat,
): Float32Array {
  const [bits, length] = [bitsOf[format], blockLengths[format]];
  const blocks = Math.ceil(columns / length);
  const values = new Uint8Array(aligned(parts[0]));
  const scales = new Float32Array(aligned(parts[1]));
  const zero = 2 ** (bits - 1);
  const matrix = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const index = row * blocks + block;
      const scale = scales[index] as number;
      const first = block * length;
      const count = Math.min(length, columns - first);
      for (let offset = 0; offset < count; offset++) {
        const at = index * length + offset;
        const step = bits === 4 ? nibble(values, at) : (values[at] as number);
        matrix[row * columns + first + offset] = (step - zero) * scale;
      }
    }
  }
  return matrix;
}

function nibble(packed: Uint8Array, index: number): number {
  const byte = packed[index >> 1] as number;
  return index % 2 === 0 ? byte & 15 : byte >> 4;
}

/** The bytes in a buffer of their own, which wider elements can be read from. */
function aligned(bytes: Uint8Array = new Uint8Array(0)): ArrayBuffer {
  return bytes.slice().buffer;
}
