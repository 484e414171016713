import type { StoredParameter } from "./stored-parameter.js";

/** Every stored tensor begins at a multiple of this, so that kernels can read it aligned from a mapped file. */
const ALIGNMENT = 64;

/** Where the parts of stored weights lie in one entry. */
export interface StoredLayout {
  readonly size: number;
  readonly places: ReadonlyMap<string, { readonly offset: number; readonly length: number }>;
}

/** All parts behind each other, aligned. */
export function layOut(stored: readonly StoredParameter[]): StoredLayout {
  const places = new Map<string, { offset: number; length: number }>();
  let size = 0;
  for (const { name, byteLength } of stored.flatMap(({ parts }) => parts)) {
    places.set(name, { offset: size, length: byteLength });
    size += aligned(byteLength);
  }
  return { size, places };
}

/** A length up to the next multiple of the alignment. */
export function aligned(byteLength: number): number {
  return Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
}
