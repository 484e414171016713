import type { KeyValueCacheLayout } from "@smolvlm/contracts";
import { pastName, pastScaleName } from "./key-values.js";

/** One array of a cache: `width` elements for each position of each head. */
export interface KeyValuePlane {
  /** The graph's input that takes it. */
  readonly name: string;
  readonly dtype: "float32" | "int8";
  /** Elements of one position of one head. */
  readonly width: number;
  /** Its shape behind batch and keyValueHeads, for the graph. */
  readonly inner: (capacity: number) => readonly number[];
}

/** An array as a plane's dtype has it. */
export type PlaneArray = Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>;

/**
 * The arrays of a cache: keys of each layer, then its values. Where they are int8, their scales follow behind all of them, in the same order.
 */
export function planesOf({ layers, headDim, dtype = "float32" }: KeyValueCacheLayout): readonly KeyValuePlane[] {
  const each = Array.from({ length: 2 * layers }, (_, index) => index);
  const rows = { dtype, width: headDim, inner: (capacity: number) => [capacity, headDim] };
  const scales = { dtype: "float32" as const, width: 1, inner: (capacity: number) => [1, capacity] };
  return [
    ...each.map((index) => ({ name: pastName(index), ...rows })),
    ...(dtype === "int8" ? each.map((index) => ({ name: pastScaleName(index), ...scales })) : []),
  ];
}

/** An array of zeros. */
export function planeArray({ dtype }: KeyValuePlane, length: number): PlaneArray {
  return dtype === "int8" ? new Int8Array(length) : new Float32Array(length);
}
