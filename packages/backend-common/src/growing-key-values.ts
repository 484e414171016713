import { InvalidArgumentError, type KeyValueCacheLayout } from "@smolvlm/contracts";
import { KeyValueRows } from "./key-value-rows.js";

/** Positions are reserved in steps of this many: attention allocates at the fed length, so much more than needed costs time. */
export const CAPACITY_STEP = 256;

/**
 * Keys and values of a batch whose rows have their own lengths, in buffers that grow. Runtime-neutral: it knows arrays only.
 * Buffer `2·layer` holds the keys and `2·layer + 1` the values of a layer, each [batch, keyValueHeads, capacity, headDim];
 * what lies beyond a row's length is zero or was forgotten, so finite where keys and values are: attention may mask it by weight 0.
 */
export class GrowingKeyValues extends KeyValueRows {
  #capacity = 0;
  #buffers: readonly Float32Array<ArrayBuffer>[];

  /** @throws InvalidArgumentError when `batch` is not a positive integer. */
  constructor(layout: KeyValueCacheLayout, batch: number) {
    super(layout, batch);
    this.#buffers = Array.from({ length: 2 * layout.layers }, () => new Float32Array(0));
  }

  /** Positions there is room for in every row. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The buffers as they are now; growing replaces them. */
  get buffers(): readonly Float32Array<ArrayBuffer>[] {
    return this.#buffers;
  }

  /** Shape of each buffer: [batch, keyValueHeads, capacity, headDim]. */
  get dims(): readonly number[] {
    return [this.batch, this.layout.keyValueHeads, this.#capacity, this.layout.headDim];
  }

  /** Bytes of all buffers. */
  get byteLength(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
  }

  /**
   * Adds the first `newLengths[row]` of `positions` to each row, behind what it has.
   *
   * @param rows one array per buffer, [batch, keyValueHeads, positions, headDim].
   * @throws InvalidArgumentError as {@link checkAppend}, or when an array does not have that shape.
   */
  append(rows: readonly Float32Array[], positions: number, newLengths: readonly number[]): void {
    this.checkAppend(newLengths);
    const { keyValueHeads, headDim } = this.layout;
    const size = this.batch * keyValueHeads * positions * headDim;
    const wrong = rows.length === this.#buffers.length ? rows.find((values) => values.length !== size) : [];
    if (wrong !== undefined || newLengths.some((count) => count > positions)) {
      throw new InvalidArgumentError({
        argument: "rows",
        expected: `${this.#buffers.length} arrays of [${this.batch}, ${keyValueHeads}, ${Math.max(...newLengths)} or more, ${headDim}]`,
        found: `${rows.length} arrays of ${wrong?.length ?? size} elements for ${positions} positions`,
      });
    }
    const lengths = this.lengths.map((length, row) => length + (newLengths[row] ?? 0));
    this.#reserve(Math.max(...lengths));
    this.#buffers.forEach((buffer, index) => {
      const values = rows[index] as Float32Array;
      for (let row = 0; row < this.batch; row++) {
        const count = (newLengths[row] as number) * headDim;
        const start = this.lengths[row] as number;
        for (let head = row * keyValueHeads; head < (row + 1) * keyValueHeads; head++) {
          const from = head * positions * headDim;
          buffer.set(values.subarray(from, from + count), (head * this.#capacity + start) * headDim);
        }
      }
    });
    this.grow(newLengths);
  }

  /**
   * An independent copy of the rows named, in that order.
   *
   * @throws InvalidArgumentError when there is no row, or one that does not exist.
   */
  fork(rows: readonly number[] = [...this.lengths.keys()]): GrowingKeyValues {
    const lengths = this.lengthsOf(rows);
    const copy = new GrowingKeyValues(this.layout, rows.length);
    copy.#reserve(Math.max(...lengths));
    copy.take(lengths);
    copy.#buffers.forEach((buffer, index) => {
      rows.forEach((row, to) => copyRow(this, this.#buffers[index] as Float32Array, row, copy, buffer, to));
    });
    return copy;
  }

  #reserve(positions: number): void {
    if (positions <= this.#capacity) return;
    const { keyValueHeads, headDim, maxLength } = this.layout;
    const capacity = Math.min(Math.ceil(positions / CAPACITY_STEP) * CAPACITY_STEP, maxLength);
    const from = { capacity: this.#capacity, layout: this.layout, lengths: this.lengths };
    const to = { capacity, layout: this.layout };
    this.#buffers = this.#buffers.map((old) => {
      const grown = new Float32Array(this.batch * keyValueHeads * capacity * headDim);
      for (let row = 0; row < this.batch; row++) copyRow(from, old, row, to, grown, row);
      return grown;
    });
    this.#capacity = capacity;
  }
}

/** Copies the valid positions of row `row` of one buffer to row `toRow` of another. */
function copyRow(
  from: Pick<GrowingKeyValues, "capacity" | "layout" | "lengths">,
  source: Float32Array,
  row: number,
  to: Pick<GrowingKeyValues, "capacity">,
  destination: Float32Array,
  toRow: number,
): void {
  const { keyValueHeads, headDim } = from.layout;
  const count = (from.lengths[row] as number) * headDim;
  for (let head = 0; head < keyValueHeads; head++) {
    const start = (row * keyValueHeads + head) * from.capacity * headDim;
    destination.set(source.subarray(start, start + count), (toRow * keyValueHeads + head) * to.capacity * headDim);
  }
}
