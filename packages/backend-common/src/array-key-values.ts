import type { KeyValueCacheLayout } from "@smolvlm/contracts";
import type { Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import type { PlaneArray } from "./key-value-planes.js";
import { GrowingKeyValues } from "./growing-key-values.js";
import { presentName, type KeyValues } from "./key-values.js";

/** {@link GrowingKeyValues} as tensors of ONNX Runtime: the past goes in, and the new rows that come out are added to it. */
export class ArrayKeyValues implements KeyValues {
  readonly #ort: { readonly Tensor: TensorConstructor };
  readonly #values: GrowingKeyValues;
  readonly #presents: readonly string[];

  /** @throws InvalidArgumentError when `batch` is not a positive integer. */
  constructor(
    ort: { readonly Tensor: TensorConstructor },
    layout: KeyValueCacheLayout,
    batch: number,
    values = new GrowingKeyValues(layout, batch),
  ) {
    this.#ort = ort;
    this.#values = values;
    this.#presents = Array.from({ length: 2 * layout.layers }, (_, index) => presentName(index));
  }

  get lengths(): readonly number[] {
    return this.#values.lengths;
  }

  get byteLength(): number {
    return this.#values.byteLength;
  }

  checkAppend(newLengths: readonly number[]): void {
    this.#values.checkAppend(newLengths);
  }

  bind(): { feeds: Record<string, OrtTensor>; fetches: Record<string, null> } {
    const { batch, buffers, capacity, planes } = this.#values;
    const { keyValueHeads } = this.#values.layout;
    const { Tensor } = this.#ort;
    const feeds = planes.map(({ name, dtype, inner }, index) => {
      const dims = [batch, keyValueHeads, ...inner(capacity)];
      return [name, new Tensor(dtype, buffers[index] as PlaneArray, dims)] as const;
    });
    return {
      feeds: Object.fromEntries(feeds),
      fetches: Object.fromEntries(this.#presents.map((name) => [name, null])),
    };
  }

  append(results: Readonly<Record<string, OrtTensor>>, newLengths: readonly number[]): void {
    const presents = this.#presents.map((name) => results[name] as OrtTensor);
    this.#values.append(
      presents.map((present) => present.data as Float32Array),
      presents[0]?.dims[2] ?? 0,
      newLengths,
    );
  }

  rewind(lengths: readonly number[]): void {
    this.#values.rewind(lengths);
  }

  fork(rows: readonly number[] | undefined): KeyValues {
    const values = this.#values.fork(rows);
    return new ArrayKeyValues(this.#ort, values.layout, values.batch, values);
  }

  dispose(): void {
    // Arrays are the garbage collector's.
  }
}
