import type { ByteSource, ModelFiles } from "@smolvlm/contracts";

/** Tensors of a checkpoint by key: their shapes. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** A safetensors header for float32 tensors behind each other, with its length in front. */
export function safetensorsHeader(shapes: Shapes, dtype = "F32", bytes = 4): { header: Uint8Array; dataSize: number } {
  let offset = 0;
  const entries = Object.entries(shapes).map(([key, shape]) => {
    const begin = offset;
    offset += shape.reduce((product, size) => product * size, bytes);
    return [key, { dtype, shape, data_offsets: [begin, offset] }] as const;
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const header = new Uint8Array(8 + json.length);
  new DataView(header.buffer).setBigUint64(0, BigInt(json.length), true);
  header.set(json, 8);
  return { header, dataSize: offset };
}

/** A checkpoint whose weights are all 0 and take no memory; `bytesRead` counts what was asked of them. */
export function zeroCheckpoint(config: unknown, shapes: Shapes): ModelFiles & { readonly bytesRead: () => number } {
  const { header, dataSize } = safetensorsHeader(shapes);
  let bytesRead = 0;
  const weights: ByteSource = {
    size: header.length + dataSize,
    path: "/nowhere/model.safetensors",
    async read(offset, length) {
      bytesRead += length;
      const bytes = new Uint8Array(length);
      if (offset < header.length) bytes.set(header.subarray(offset, offset + length));
      return bytes;
    },
  };
  const json = new TextEncoder().encode(JSON.stringify(config));
  const files = new Map<string, ByteSource>([
    ["config.json", { size: json.length, read: async (offset, length) => json.slice(offset, offset + length) }],
    ["model.safetensors", weights],
  ]);
  return {
    id: "zeros",
    revision: "zeros",
    list: async () => [...files.keys()],
    open: async (path) => files.get(path),
    prefetch: async () => undefined,
    bytesRead: () => bytesRead,
  };
}
