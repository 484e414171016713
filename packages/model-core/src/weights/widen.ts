import type { WeightType } from "./checkpoint-tensor.js";

/** Bytes of one element of each type. */
export const bytesOf: Readonly<Record<WeightType, number>> = { F32: 4, F16: 2, BF16: 2 };

let halfTable: Float32Array | undefined;

/** Every float16 as a float32, by its bits (IEEE 754-2008 §3.4): 256 kB, made at first use. */
function halves(): Float32Array {
  if (halfTable) return halfTable;
  halfTable = new Float32Array(2 ** 16);
  for (let bits = 0; bits < halfTable.length; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) halfTable[bits] = fraction === 0 ? sign * Infinity : NaN;
    else if (exponent === 0) halfTable[bits] = sign * fraction * 2 ** -24;
    else halfTable[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return halfTable;
}

/**
 * Little-endian numbers of a checkpoint as float32, which holds them all exactly. F32 bytes that are aligned are not copied.
 *
 * @param memory gives an array to write them into, whatever is in it; by default a new one.
 */
export function widen(
  bytes: Uint8Array,
  type: WeightType,
  memory = (count: number): Float32Array => new Float32Array(count),
): Float32Array {
  const width = bytesOf[type];
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const count = bytes.byteLength / width;
  if (type === "F32") return new Float32Array(aligned.buffer, aligned.byteOffset, count);
  const bits = new Uint16Array(aligned.buffer, aligned.byteOffset, count);
  const values = memory(count);
  if (type === "F16") {
    const table = halves();
    for (let index = 0; index < count; index++) values[index] = table[bits[index] as number] as number;
    return values;
  }
  // bfloat16 is the upper half of a float32.
  const wide = new Uint32Array(values.buffer, values.byteOffset, count);
  for (let index = 0; index < count; index++) wide[index] = (bits[index] as number) << 16;
  return values;
}
