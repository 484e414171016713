/** What the conversion of a weight lost. */
export interface ConversionError {
  /** Sum of the squares of what each value is off. */
  readonly squaredError: number;
  /** Sum of the squares of the values. */
  readonly squaredSum: number;
  /** Sum of what each value but 0 is off, as a part of itself, 1 at most. */
  readonly relativeErrors: number;
  /** Values but 0. */
  readonly count: number;
  /** Values that are not finite, before or after. */
  readonly notFinite: number;
}

/** Nothing lost yet. */
export const noError: ConversionError = { squaredError: 0, squaredSum: 0, relativeErrors: 0, count: 0, notFinite: 0 };

/** What two conversions lost together. */
export function addErrors(a: ConversionError, b: ConversionError): ConversionError {
  return {
    squaredError: a.squaredError + b.squaredError,
    squaredSum: a.squaredSum + b.squaredSum,
    relativeErrors: a.relativeErrors + b.relativeErrors,
    count: a.count + b.count,
    notFinite: a.notFinite + b.notFinite,
  };
}
