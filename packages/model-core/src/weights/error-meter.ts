import type { ConversionError } from "./conversion-error.js";

/** Sums up what a conversion loses while it is done: all in one pass over what is in the processor's cache anyway. */
export class ErrorMeter {
  #squaredError = 0;
  #squaredSum = 0;
  #relativeErrors = 0;
  #count = 0;
  #notFinite = 0;

  /** What was lost so far. */
  get error(): ConversionError {
    return {
      squaredError: this.#squaredError,
      squaredSum: this.#squaredSum,
      relativeErrors: this.#relativeErrors,
      count: this.#count,
      notFinite: this.#notFinite,
    };
  }

  /** Adds values, of which `found` has what became of them. */
  addValues(values: Float32Array, found: Float32Array): void {
    let squaredError = 0;
    let squaredSum = 0;
    let relativeErrors = 0;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      const error = (found[index] as number) - value;
      squaredError += error * error;
      squaredSum += value * value;
      const off = Math.abs(error);
      const magnitude = Math.abs(value);
      relativeErrors += off < magnitude ? off / magnitude : this.#whole(value, off);
    }
    this.#add(values.length, squaredError, squaredSum, relativeErrors);
  }

  /** Adds the values [from, end) of which each is stored, from `steps[at]` on, as (step − zero) · scale. */
  addSteps(
    values: Float32Array,
    from: number,
    end: number,
    steps: Uint8Array | Int8Array,
    at: number,
    zero: number,
    scale: number,
  ): void {
    let squaredError = 0;
    let squaredSum = 0;
    let relativeErrors = 0;
    for (let index = from; index < end; index++) {
      const value = values[index] as number;
      const error = ((steps[at++] as number) - zero) * scale - value;
      squaredError += error * error;
      squaredSum += value * value;
      const off = Math.abs(error);
      const magnitude = Math.abs(value);
      relativeErrors += off < magnitude ? off / magnitude : this.#whole(value, off);
    }
    this.#add(end - from, squaredError, squaredSum, relativeErrors);
  }

  /** A value that is off by as much as itself or more, which few are; `off` is not finite where it or what is stored is not. */
  #whole(value: number, off: number): number {
    if (!(off < Infinity)) this.#notFinite++;
    if (value !== 0) return 1;
    this.#count--;
    return 0;
  }

  #add(count: number, squaredError: number, squaredSum: number, relativeErrors: number): void {
    this.#count += count;
    this.#squaredError += squaredError;
    this.#squaredSum += squaredSum;
    this.#relativeErrors += relativeErrors;
  }
}
