import { readFile } from "node:fs/promises";

/** A tensor of a safetensors file, its values as numbers. */
export interface ReadTensor {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** All tensors of a small safetensors file. Written apart from the product's own reader, so that it can check what is written. */
export async function readTensors(path: string): Promise<Readonly<Record<string, ReadTensor>>> {
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<
    string,
    { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== "__metadata__")
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [begin, end],
          },
        ]) => {
          const { buffer } = Uint8Array.from(bytes.subarray(start + begin, start + end));
          if (dtype === "F32") return [name, { dims: shape, data: Array.from(new Float32Array(buffer)) }];
          if (dtype === "U8") return [name, { dims: shape, data: [...new Uint8Array(buffer)] }];
          return [name, { dims: shape, data: Array.from(new BigInt64Array(buffer), Number) }];
        },
      ),
  );
}
