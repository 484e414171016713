import { InvalidArgumentError, type KeyValueCacheLayout } from "@smolvlm/contracts";

/** Valid positions of the rows of a key-value cache, and the rules for changing them. */
export class KeyValueRows {
  readonly batch: number;
  readonly layout: KeyValueCacheLayout;
  #lengths: readonly number[];

  /** @throws InvalidArgumentError when `batch` is not a positive integer. */
  constructor(layout: KeyValueCacheLayout, batch: number) {
    if (!Number.isSafeInteger(batch) || batch < 1) {
      throw new InvalidArgumentError({ argument: "batch", expected: "a positive integer", found: String(batch) });
    }
    this.layout = layout;
    this.batch = batch;
    this.#lengths = new Array<number>(batch).fill(0);
  }

  /** Valid positions per row. */
  get lengths(): readonly number[] {
    return this.#lengths;
  }

  /**
   * Checks the new positions of each row before a run, so that nothing is computed that cannot be kept.
   *
   * @throws InvalidArgumentError when there is not one count per row, or a row would exceed the layout's `maxLength`.
   */
  checkAppend(newLengths: readonly number[]): void {
    this.#checkRows("newLengths", newLengths);
    this.lengths.forEach((length, row) => {
      const grown = length + (newLengths[row] ?? 0);
      if (grown > this.layout.maxLength) {
        throw new InvalidArgumentError({
          argument: `newLengths[${row}]`,
          expected: `at most ${this.layout.maxLength - length}, since the row holds ${length} of ${this.layout.maxLength} positions`,
          found: String(newLengths[row]),
        });
      }
    });
  }

  /** Takes the lengths after a run that was checked. */
  grow(newLengths: readonly number[]): void {
    this.#lengths = this.#lengths.map((length, row) => length + (newLengths[row] ?? 0));
  }

  /**
   * Forgets what lies beyond `lengths[row]`.
   *
   * @throws InvalidArgumentError when there is not one length per row, or one is larger than the row's.
   */
  rewind(lengths: readonly number[]): void {
    this.#checkRows("lengths", lengths);
    lengths.forEach((length, row) => {
      const present = this.#lengths[row] as number;
      if (length > present) {
        throw new InvalidArgumentError({
          argument: `lengths[${row}]`,
          expected: `at most ${present}`,
          found: String(length),
        });
      }
    });
    this.#lengths = [...lengths];
  }

  /**
   * The lengths of the rows named, in that order; all by default.
   *
   * @throws InvalidArgumentError when there is no row, or one that does not exist.
   */
  lengthsOf(rows: readonly number[]): readonly number[] {
    if (rows.length === 0) {
      throw new InvalidArgumentError({ argument: "rows", expected: "at least one row", found: "none" });
    }
    return rows.map((row, index) => {
      const length = this.#lengths[row];
      if (length !== undefined) return length;
      const expected = `0 to ${this.batch - 1}`;
      throw new InvalidArgumentError({ argument: `rows[${index}]`, expected, found: String(row) });
    });
  }

  /** Sets the lengths of a new copy. */
  protected take(lengths: readonly number[]): void {
    this.#lengths = [...lengths];
  }

  #checkRows(argument: string, values: readonly number[]): void {
    if (values.length !== this.batch || values.some((value) => !Number.isSafeInteger(value) || value < 0)) {
      throw new InvalidArgumentError({
        argument,
        expected: `${this.batch} whole numbers of at least 0, one per row`,
        found: `[${values.join(", ")}]`,
      });
    }
  }
}
