import type { KeyValueCacheLayout, Tensor } from "@smolvlm/contracts";
import type { Tensor as OrtTensor } from "onnxruntime-common";

/** Keys and values of a batch, as an engine holds them between runs. */
export interface KeyValues {
  /** Valid positions per row. */
  readonly lengths: readonly number[];
  /** Bytes held now. */
  readonly byteLength: number;
  /**
   * Checks the new positions of each row before a run.
   *
   * @throws InvalidArgumentError when they do not fit the rows or the layout's `maxLength`.
   */
  checkAppend(newLengths: readonly number[]): void;
  /** What a run with these feeds is given of the past, and where its presents go; null where ONNX Runtime is to make them. */
  bind(feeds: Readonly<Record<string, Tensor>>): {
    readonly feeds: Readonly<Record<string, OrtTensor>>;
    readonly fetches: Readonly<Record<string, OrtTensor | null>>;
  };
  /** Takes over what a run has added, the first `newLengths[row]` positions of each row, and frees the results that it is in. */
  append(results: Readonly<Record<string, OrtTensor>>, newLengths: readonly number[]): void;
  /** Forgets what lies beyond `lengths[row]`. @throws InvalidArgumentError when they do not fit the rows. */
  rewind(lengths: readonly number[]): void;
  /** An independent copy of the rows named, all by default. @throws InvalidArgumentError when one does not exist. */
  fork(rows: readonly number[] | undefined): KeyValues;
  /** Frees what is held. */
  dispose(): void;
}

/** Name of the input that takes buffer `index` of a cache: keys of layer `index / 2`, then its values. */
export const pastName = (index: number): string => `past_key_values.${index >> 1}.${index % 2 === 0 ? "key" : "value"}`;

/** Name of the input that takes the scales of buffer `index`, where it is int8. */
export const pastScaleName = (index: number): string => `${pastName(index)}_scale`;

/** Name of the output that gives what belongs to buffer `index` of a cache. */
export const presentName = (index: number): string => `present.${index >> 1}.${index % 2 === 0 ? "key" : "value"}`;

/** Names of the outputs that give what belongs to a cache. */
export function presentNames({ layers, presentOutput }: KeyValueCacheLayout): readonly string[] {
  return presentOutput === undefined
    ? Array.from({ length: 2 * layers }, (_, index) => presentName(index))
    : [presentOutput];
}
