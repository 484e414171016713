import { ModelFileError } from "@smolvlm/contracts";
import type { ConversionError } from "./conversion-error.js";
import type { WeightFormat } from "./weight-format.js";

/** What a format loses of one matrix. */
export interface RelativeError {
  /** Root of the mean square, as a part of the matrix's own. */
  readonly rms: number;
  /** Mean over the values of what each loses as a part of itself. Values far beyond the others cannot hide what they do to these. */
  readonly mean: number;
}

/** The most that each format may lose: several times what it loses of normally distributed weights. */
export const conversionBounds: Readonly<Record<WeightFormat, RelativeError>> = {
  fp32: { rms: 0, mean: 0 },
  fp16: { rms: 0.002, mean: 0.1 },
  q8: { rms: 0.03, mean: 0.25 },
  int8: { rms: 0.06, mean: 0.35 },
  q4: { rms: 0.35, mean: 0.65 },
};

/** A format would lose too much of the weights. Nothing of the conversion is kept. */
export class QuantizationError extends ModelFileError {
  static override readonly errorName: string = "QuantizationError";
  /** The tensor, or the graph where the whole of it is wrong. */
  readonly part: string;
  readonly format: WeightFormat;
  /** What was found. */
  readonly figures: Readonly<Record<string, number>>;

  constructor(
    file: string,
    init: { part: string; format: WeightFormat; problem: string; figures: Readonly<Record<string, number>> },
  ) {
    super(file, `${init.part} as ${init.format}: ${init.problem}; use a more exact dtype for this part, such as fp32.`);
    this.part = init.part;
    this.format = init.format;
    this.figures = init.figures;
  }
}

/**
 * What a conversion lost.
 *
 * @throws QuantizationError when that is more than the format may lose, or a value is not finite.
 */
export function checkConversion(
  file: string,
  part: string,
  format: WeightFormat,
  error: ConversionError,
): RelativeError {
  const { squaredError, squaredSum, relativeErrors, count, notFinite } = error;
  if (notFinite > 0) {
    const problem = `${notFinite} value${notFinite === 1 ? " is" : "s are"} not finite or too large for it`;
    throw new QuantizationError(file, { part, format, problem, figures: { notFinite } });
  }
  const rms = squaredSum === 0 ? 0 : Math.sqrt(squaredError / squaredSum);
  const mean = count === 0 ? 0 : relativeErrors / count;
  const bound = conversionBounds[format];
  if (rms <= bound.rms && mean <= bound.mean) return { rms, mean };
  const percent = (value: number): string => `${(100 * value).toPrecision(3)} %`;
  const problem =
    `the matrix would be off by ${percent(rms)} (at most ${percent(bound.rms)} is accepted) and its values by ` +
    `${percent(mean)} (at most ${percent(bound.mean)})`;
  throw new QuantizationError(file, { part, format, problem, figures: { rms, mean } });
}
