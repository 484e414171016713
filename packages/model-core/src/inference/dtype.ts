import { InvalidArgumentError, type Target } from "@smolvlm/contracts";
import type { LinearFormats } from "../graph/graph-builder.js";
import { weightFormats, type WeightFormat } from "../weights/weight-format.js";
import { autoFormats } from "./auto-formats.js";

/** A format, or `auto` for the fastest one on the backend's device whose answers stay those of fp32; see the README's table. */
export type DtypeChoice = WeightFormat | "auto";

/**
 * How the matrices are stored and multiplied: `fp32` is the reference. One for all, or one for each part; the `head` is the text model's
 * output layer, by default stored as the text model.
 */
export type ModelDtype =
  | DtypeChoice
  | {
      readonly vision?: DtypeChoice | undefined;
      readonly text?: DtypeChoice | undefined;
      readonly head?: DtypeChoice | undefined;
    };

/** The format of each part. */
export interface PartFormats {
  readonly vision: WeightFormat;
  readonly text: WeightFormat;
  readonly head: WeightFormat;
}

/** Formats of the graphs. */
export interface ModelFormats {
  readonly vision: LinearFormats;
  readonly text: LinearFormats;
}

const choices: readonly unknown[] = [...weightFormats, "auto"] satisfies DtypeChoice[];

/**
 * The formats of all parts on a target: where it does not run a format well, the nearest one that it does.
 *
 * @param fallback what parts are that nothing is said of.
 * @throws InvalidArgumentError for a name that is not a format.
 */
export function resolveDtype(
  dtype: ModelDtype | undefined,
  target: Target,
  fallback: PartFormats = { vision: "fp32", text: "fp32", head: "fp32" },
): PartFormats {
  const parts = typeof dtype === "object" ? dtype : { vision: dtype, text: dtype };
  const chosen = { vision: parts.vision, text: parts.text, head: parts.head ?? parts.text };
  for (const [part, choice] of Object.entries(chosen)) {
    if (choice === undefined || choices.includes(choice)) continue;
    const argument = typeof dtype === "object" ? `dtype.${part}` : "dtype";
    throw new InvalidArgumentError({ argument, expected: choices.join(", "), found: String(choice) });
  }
  const format = (part: keyof PartFormats): WeightFormat => {
    const choice = chosen[part] ?? fallback[part];
    return runnable(choice === "auto" ? autoFormats[target.device][part] : choice, target);
  };
  return { vision: format("vision"), text: format("text"), head: format("head") };
}

/** The formats of each graph's matrices. */
export function graphFormats({ vision, text, head }: PartFormats): ModelFormats {
  return { vision: { linear: vision, head: vision }, text: { linear: text, head } };
}

/**
 * Quantised formats stand in for each other: q8 and q4 become int8 where blocks are slow, which takes as much memory as q8, and int8
 * becomes q8 where rows of integers are. Where neither runs, weights are widened.
 */
function runnable(format: WeightFormat, { quantizedMatMul: { blockwise, rowwiseBits } }: Target): WeightFormat {
  if (format === "fp32" || format === "fp16") return format;
  const isRowwise = format === "int8";
  if (isRowwise ? rowwiseBits > 0 : blockwise) return format;
  if (isRowwise && blockwise) return "q8";
  return rowwiseBits > 0 ? "int8" : "fp32";
}
