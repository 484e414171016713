import type { ByteSource, ByteStore, ExternalData, OnProgress } from "@smolvlm/contracts";
import type { PartLocation } from "../graph/graph-builder.js";
import { convertParameter } from "./convert-parameter.js";
import type { StoredParameter } from "./stored-parameter.js";

/** Part of the key of stored weights; to be raised when the same key would hold other bytes. */
const LAYOUT_VERSION = 1;
/** Every stored tensor begins at a multiple of this, so that kernels can read it aligned from a mapped file. */
const ALIGNMENT = 64;

/** What placing needs besides the weights. */
export interface PlaceOptions {
  /** Names the graph, in progress events and keys. */
  readonly name: string;
  /** Identifies the content of the checkpoint. */
  readonly revision: string;
  readonly store: ByteStore;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Weights where a backend finds them. */
export interface PlacedWeights {
  readonly externalData: readonly ExternalData[];
  /** Where a part is, by its name. */
  readonly locate: (part: string) => PartLocation;
}

/**
 * Puts the weights of a graph where a backend can use them. Where all are float32 in local files, that is where they are: the graph
 * points into the safetensors files and nothing is copied. Otherwise they are converted, piece by piece, into one entry of the store,
 * which the next load finds there.
 *
 * @throws ModelFileError when the checkpoint cannot be read; the signal's reason when it is aborted.
 */
export async function placeWeights(stored: readonly StoredParameter[], options: PlaceOptions): Promise<PlacedWeights> {
  const isInPlace = stored.every(({ parameter: { dtype, file }, format }) => {
    return format === "fp32" && dtype === "F32" && file.source.path !== undefined;
  });
  return isInPlace ? placeInFiles(stored) : placeInStore(stored, options);
}

function placeInFiles(stored: readonly StoredParameter[]): PlacedWeights {
  const locations = new Map<string, PartLocation>();
  const sources = new Map<string, ByteSource>();
  for (const { parameter, parts } of stored) {
    const { file, offset, byteLength } = parameter;
    sources.set(file.file, file.source);
    for (const { name } of parts) locations.set(name, { location: file.file, offset, length: byteLength });
  }
  const externalData = [...sources].map(([location, source]) => ({ location, source }));
  return { externalData, locate: (part) => locations.get(part) as PartLocation };
}

async function placeInStore(stored: readonly StoredParameter[], options: PlaceOptions): Promise<PlacedWeights> {
  const { name, store, signal } = options;
  const location = `${name}.weights`;
  const locations = new Map<string, PartLocation>();
  let size = 0;
  for (const part of stored.flatMap(({ parts }) => parts)) {
    locations.set(part.name, { location, offset: size, length: part.byteLength });
    size += padded(part.byteLength);
  }
  const key = `${options.revision}/${name}-${fingerprint(stored)}-v${LAYOUT_VERSION}`;
  const found = await store.get(key, { signal });
  // An entry of another size cannot have been written under this key; something else damaged it.
  const source =
    found?.size === size ? found : await store.put(key, size, converted(stored, size, options), { signal });
  return { externalData: [{ location, source }], locate: (part) => locations.get(part) as PartLocation };
}

async function* converted(
  stored: readonly StoredParameter[],
  total: number,
  { name, signal, onProgress }: PlaceOptions,
): AsyncGenerator<Uint8Array> {
  let loaded = 0;
  onProgress?.({ stage: "convert", name, loaded, total, unit: "bytes" });
  for (const each of stored) {
    // The bytes come as one stream; the padding belongs between its parts.
    const ends = each.parts.map(({ byteLength }) => byteLength);
    let inPart = 0;
    for await (const piece of convertParameter(each, { signal })) {
      yield piece;
      inPart += piece.byteLength;
      loaded += piece.byteLength;
      if (inPart === ends[0]) {
        const gap = padded(inPart) - inPart;
        if (gap > 0) yield new Uint8Array(gap);
        loaded += gap;
        inPart = 0;
        ends.shift();
      }
      onProgress?.({ stage: "convert", name, loaded, total, unit: "bytes" });
    }
  }
}

function padded(byteLength: number): number {
  return Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
}

/** FNV-1a over what is stored, so that entries of other formats or models get other keys. It is no defence against an attacker. */
function fingerprint(stored: readonly StoredParameter[]): string {
  let hash = 0x811c9dc5;
  for (const { name, dims } of stored.flatMap(({ parts }) => parts)) {
    for (const character of `${name}[${dims.join()}]`) {
      hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193);
    }
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
