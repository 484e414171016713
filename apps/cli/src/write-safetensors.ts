import { rename, rm, open } from "node:fs/promises";
import type { Tensor } from "@smolvlm/contracts";

/** Names of the element types in the safetensors format. `bool` is written as I64, the type of the reference's masks. */
const typeNames = {
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int32: "I64",
  int64: "I64",
  int8: "I8",
  uint8: "U8",
  bool: "I64",
} as const;

/**
 * Writes tensors as one safetensors file; it appears under its name only when complete.
 * Integer ids and masks become I64, as the reference has them.
 */
export async function writeSafetensors(path: string, tensors: Readonly<Record<string, Tensor>>): Promise<void> {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { dtype, dims, data }] of Object.entries(tensors)) {
    const end = offset + data.length * (typeNames[dtype] === "I64" ? 8 : data.BYTES_PER_ELEMENT);
    header[name] = { dtype: typeNames[dtype], shape: dims, data_offsets: [offset, end] };
    offset = end;
  }
  // The format wants the data to start at a multiple of eight; spaces after the JSON make it so.
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8, " "));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(text.length), true);

  const partial = `${path}.${process.pid}.partial`;
  try {
    const file = await open(partial, "w");
    try {
      await file.write(new Uint8Array(length.buffer));
      await file.write(text);
      for (const value of Object.values(tensors)) await file.write(fileBytes(value));
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function fileBytes({ dtype, data }: Tensor): Uint8Array {
  if (typeNames[dtype] !== "I64" || data instanceof BigInt64Array) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  // Little-endian: the low word holds the value, the high word its sign. Filling 32-bit words avoids a BigInt per element.
  const words = new Int32Array(data.length * 2);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    words[2 * i] = value;
    words[2 * i + 1] = value < 0 ? -1 : 0;
  }
  return new Uint8Array(words.buffer);
}
