import type { ReadOptions } from "@smolvlm/contracts";
import type { ModelFolderFile } from "../transformers-js/model-folder-file.js";

/** A tensor to be written. */
export interface ShardTensor {
  readonly key: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** A safetensors file whose data comes from `pieces`: the tensors' bytes behind each other, in order. */
export function safetensorsShard(
  path: string,
  tensors: readonly ShardTensor[],
  pieces: (options?: ReadOptions) => AsyncIterable<Uint8Array>,
): ModelFolderFile {
  let offset = 0;
  const entries = tensors.map(({ key, dtype, shape, byteLength }): [string, unknown] => {
    const begin = offset;
    offset += byteLength;
    return [key, { dtype, shape, data_offsets: [begin, offset] }];
  });
  const json = JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) });
  // Spaces behind the JSON put the data at a multiple of 64, where kernels like to read it.
  const text = new TextEncoder().encode(json);
  const header = new Uint8Array(Math.ceil((8 + text.length) / 64) * 64).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return {
    path,
    size: header.length + offset,
    async *pieces(options) {
      yield header;
      yield* pieces(options);
    },
  };
}
