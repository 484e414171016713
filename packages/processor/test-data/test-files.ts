import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelFiles } from "@smolvlm/contracts";

/** The repository's root. */
export const root = join(import.meta.dirname, "../../..");
/** The real tokenizer and processor files, beside the repository. */
export const realFiles = join(root, "../shared/data/tokenizer");
/** Golden files of this package. */
export const goldens = import.meta.dirname;

/** A JSON file, with a clear failure where it is missing. */
export function json<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

/** A checkpoint of the files of one or more folders; of two files with a name, the first counts. */
export function folderFiles(...folders: string[]): ModelFiles {
  const find = (path: string) => folders.map((folder) => join(folder, path)).find((file) => existsSync(file));
  return {
    id: folders.join(" + "),
    revision: "1",
    list: async () => folders.flatMap((folder) => readdirSync(folder)),
    open: async (path) => {
      const file = find(path);
      if (file === undefined) return undefined;
      const bytes = new Uint8Array(readFileSync(file));
      return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
    },
    prefetch: async () => {},
  };
}

/** The published tokenizer of 256M, 500M and SmolVLM2 with its processor files. */
export function publishedFiles(name = "SmolVLM2-256M-500M-Video-Instruct"): ModelFiles {
  return folderFiles(join(realFiles, name), join(realFiles, "shared"));
}

/** Tensors of a safetensors file, by name. */
export function safetensors(
  file: string,
): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array | BigInt64Array | Uint8Array }> {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const views = { F32: Float32Array, I64: BigInt64Array, U8: Uint8Array };
  return new Map(
    Object.entries(header).flatMap(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [start, end],
        },
      ]) => {
        const View = views[dtype as keyof typeof views];
        if (View === undefined) return [];
        // Copied, because typed arrays need aligned offsets.
        return [
          [
            name,
            { shape, data: new View(Uint8Array.from(bytes.subarray(8 + length + start, 8 + length + end)).buffer) },
          ] as const,
        ];
      },
    ),
  );
}
