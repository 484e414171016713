import type { KeyValueCacheLayout } from "@smolvlm/contracts";
import type { Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { freeBuffers } from "./free-buffers.js";
import type { PlaneArray } from "./key-value-planes.js";
import { GrowingKeyValues } from "./growing-key-values.js";
import { presentNames, type KeyValues } from "./key-values.js";

/** Calls a function as soon as what was begun before, such as the reply to a run, is on its way. */
export type Later = (work: () => void) => void;

/**
 * {@link GrowingKeyValues} as tensors of ONNX Runtime: the past goes in, and the new rows that come out are added to it. Copying them may wait
 * until {@link Later}, so that nobody else waits for it: in one step they go to some hundred places that no cache holds.
 */
export class ArrayKeyValues implements KeyValues {
  readonly #ort: { readonly Tensor: TensorConstructor };
  readonly #values: GrowingKeyValues;
  readonly #later: Later;
  /** Copies what was appended last, and frees the results that it is in. */
  #rest: (() => void) | undefined;
  /** What a run is given, for as long as the buffers are the same. */
  #bound:
    | {
        readonly buffers: GrowingKeyValues["buffers"];
        readonly feeds: Readonly<Record<string, OrtTensor>>;
        readonly fetches: Readonly<Record<string, null>>;
      }
    | undefined;

  /** @throws InvalidArgumentError when `batch` is not a positive integer. */
  constructor(
    ort: { readonly Tensor: TensorConstructor },
    layout: KeyValueCacheLayout,
    batch: number,
    later: Later = (work) => work(),
    values = new GrowingKeyValues(layout, batch),
  ) {
    this.#ort = ort;
    this.#later = later;
    this.#values = values;
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

  bind(): { feeds: Readonly<Record<string, OrtTensor>>; fetches: Readonly<Record<string, null>> } {
    this.#settle();
    const { batch, buffers, capacity, layout, planes } = this.#values;
    if (this.#bound?.buffers !== buffers) {
      const { Tensor } = this.#ort;
      const outer = [batch, layout.keyValueHeads, ...(layout.presentOutput === undefined ? [] : [1])];
      this.#bound = {
        buffers,
        feeds: Object.fromEntries(
          planes.map(({ name, dtype, inner }, index) => {
            return [name, new Tensor(dtype, buffers[index] as PlaneArray, [...outer, ...inner(capacity)])];
          }),
        ),
        fetches: Object.fromEntries(presentNames(layout).map((name) => [name, null])),
      };
    }
    return this.#bound;
  }

  append(results: Readonly<Record<string, OrtTensor>>, newLengths: readonly number[]): void {
    this.#settle();
    const { layout } = this.#values;
    const presents = presentNames(layout).map((name) => results[name] as OrtTensor);
    const positions = presents[0]?.dims.at(-2) ?? 0;
    const arrays = presents.map((present) => present.data as Float32Array);
    const copy = this.#values.append(arrays, positions, newLengths);
    this.#rest = () => {
      copy();
      freeBuffers(arrays);
    };
    this.#later(() => this.#settle());
  }

  rewind(lengths: readonly number[]): void {
    this.#settle();
    this.#values.rewind(lengths);
  }

  fork(rows: readonly number[] | undefined): KeyValues {
    this.#settle();
    const values = this.#values.fork(rows);
    return new ArrayKeyValues(this.#ort, values.layout, values.batch, this.#later, values);
  }

  dispose(): void {
    this.#settle();
    this.#values.dispose();
  }

  #settle(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    rest?.();
  }
}
