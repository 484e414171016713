import { InvalidArgumentError, type Target } from "@smolvlm/contracts";
import type { LinearFormats } from "../graph/graph-builder.js";
import type { WeightFormat } from "../weights/stored-parameter.js";

/**
 * How the matrices are stored and multiplied: `fp32` is the reference; `q8` takes 27 % of its memory with nearly its quality, `q4`
 * 16 %. One for all, or one for each part; the `head` is the text model's output layer, by default stored as the text model.
 */
export type ModelDtype =
  | WeightFormat
  | {
      readonly vision?: WeightFormat | undefined;
      readonly text?: WeightFormat | undefined;
      readonly head?: WeightFormat | undefined;
    };

/** Formats of the graphs. */
export interface ModelFormats {
  readonly vision: LinearFormats;
  readonly text: LinearFormats;
}

const formats: readonly unknown[] = ["fp32", "q8", "q4"] satisfies WeightFormat[];

/**
 * The formats of all matrices; `fp32` where nothing is said, and everywhere on targets that multiply quantised matrices slowly.
 *
 * @throws InvalidArgumentError for a name that is not a format.
 */
export function resolveDtype(dtype: ModelDtype | undefined, target: Target): ModelFormats {
  const parts = typeof dtype === "object" ? dtype : { vision: dtype, text: dtype };
  const chosen = { ...parts, head: parts.head ?? parts.text };
  for (const [part, format] of Object.entries(chosen)) {
    if (format === undefined || formats.includes(format)) continue;
    const argument = typeof dtype === "object" ? `dtype.${part}` : "dtype";
    throw new InvalidArgumentError({ argument, expected: formats.join(", "), found: String(format) });
  }
  const format = (wanted: WeightFormat | undefined): WeightFormat => (target.quantizedMatMul && wanted) || "fp32";
  const [vision, text, head] = [format(chosen.vision), format(chosen.text), format(chosen.head)];
  return { vision: { linear: vision, head: vision }, text: { linear: text, head } };
}
