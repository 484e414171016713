import type { ReadOptions } from "@smolvlm/contracts";
import type { PartLocation } from "../graph/graph-builder.js";
import { convertParameter } from "../weights/convert-parameter.js";
import type { StoredParameter } from "../weights/stored-parameter.js";
import type { ModelFolderFile } from "./model-folder-file.js";

/** Most bytes of one file: browsers hold a file in one buffer, which may not have more than 2 GiB. */
const MAX_FILE_BYTES = 2 ** 31 - 2 ** 20;
/** Every tensor begins at a multiple of this, so that kernels can read it aligned from a mapped file. */
const ALIGNMENT = 64;

/** Stored weights behind each other in files. */
export interface WeightFiles {
  readonly files: readonly ModelFolderFile[];
  /** Where each part is, by its name. */
  readonly locations: ReadonlyMap<string, PartLocation>;
}

/** Lays weights out in files `name`, `name_1`, …, the names that transformers.js looks for. */
export function weightFiles(stored: readonly StoredParameter[], name: string, maxBytes = MAX_FILE_BYTES): WeightFiles {
  const groups: StoredParameter[][] = [];
  let size = Infinity;
  for (const each of stored) {
    const bytes = each.parts.reduce((sum, { byteLength }) => sum + padded(byteLength), 0);
    if (size + bytes > maxBytes) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(each);
    size += bytes;
  }
  const locations = new Map<string, PartLocation>();
  const files = groups.map((group, index) => {
    const location = index === 0 ? name : `${name}_${index}`;
    let at = 0;
    for (const part of group.flatMap(({ parts }) => parts)) {
      locations.set(part.name, { location, offset: at, length: part.byteLength });
      at += padded(part.byteLength);
    }
    return { path: location, size: at, pieces: (options?: ReadOptions) => converted(group, options) };
  });
  return { files, locations };
}

async function* converted(stored: readonly StoredParameter[], options?: ReadOptions): AsyncGenerator<Uint8Array> {
  for (const each of stored) {
    // The bytes come as one stream; the padding belongs between its parts.
    const ends = each.parts.map(({ byteLength }) => byteLength);
    let inPart = 0;
    for await (const piece of convertParameter(each, options)) {
      yield piece;
      inPart += piece.byteLength;
      if (inPart < (ends[0] as number)) continue;
      yield new Uint8Array(padded(inPart) - inPart);
      inPart = 0;
      ends.shift();
    }
  }
}

function padded(byteLength: number): number {
  return Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
}
