import { InvalidArgumentError, type Target } from "@smolvlm/contracts";
import type { KvCacheDtype, LinearFormats } from "../graph/graph-builder.js";
import { weightFormats, type WeightFormat } from "../weights/weight-format.js";
import { autoFormats } from "./auto-formats.js";

/** A format, or `auto` for the fastest one on the backend's device whose answers stay those of fp32; see the README's table. */
export type DtypeChoice = WeightFormat | "auto";

/**
 * How the matrices are stored and multiplied: `fp32` is the reference. One for all, or one for each part; the `head` is the text model's
 * output layer, by default stored as the text model, but `q8` where that is `q4`.
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

/** What is known of a checkpoint's weights beside the wish. */
export interface DtypeLimits {
  /** Formats that a converted folder has, and no others. */
  readonly fixed?: PartFormats | undefined;
}

/**
 * The formats of all parts on a target: where it does not run a format well, the nearest one that it does. Parts that nothing is said of are
 * what the folder was converted to, otherwise fp32.
 *
 * @throws InvalidArgumentError for a name that is not a format, or not the one that a converted folder has.
 */
export function resolveDtype(dtype: ModelDtype | undefined, target: Target, { fixed }: DtypeLimits = {}): PartFormats {
  const parts = typeof dtype === "object" ? dtype : { vision: dtype, text: dtype };
  const chosen = { vision: parts.vision, text: parts.text, head: parts.head ?? fixed?.head ?? headFormat(parts.text) };
  const format = (part: keyof PartFormats): WeightFormat => {
    const choice = chosen[part];
    const argument = typeof dtype === "object" ? `dtype.${part}` : "dtype";
    if (choice !== undefined && !choices.includes(choice)) {
      throw new InvalidArgumentError({ argument, expected: choices.join(", "), found: String(choice) });
    }
    if (fixed) {
      const isWished = choice === undefined || choice === "auto" || choice === fixed[part];
      if (isWished) return runnable(fixed[part], target);
      const expected = `${fixed[part]}, which this folder's ${part} was converted to; load the original for others`;
      throw new InvalidArgumentError({ argument, expected, found: choice });
    }
    return runnable(choice === "auto" ? autoFormats[target.device][part] : (choice ?? "fp32"), target);
  };
  return { vision: format("vision"), text: format("text"), head: format("head") };
}

/**
 * How past keys and values are kept on a target.
 *
 * @throws InvalidArgumentError for a name that is not a format, or int8 where the cache is not in arrays of the session's.
 */
export function resolveKvCacheDtype(choice: KvCacheDtype | undefined, { device, keyValueCache }: Target): KvCacheDtype {
  if (choice === undefined || choice === "fp32") return "fp32";
  if (choice === "int8" && keyValueCache === "new-rows") return choice;
  const expected = keyValueCache === "new-rows" ? "fp32, int8" : `fp32, the only one on ${device}`;
  throw new InvalidArgumentError({ argument: "kvCacheDtype", expected, found: String(choice) });
}

/**
 * The output layer's format where nothing is said of it, for a text model in `text`: it tells words apart that are close, so that coarse steps
 * there cost more answers than they save bytes.
 */
export function headFormat<T extends DtypeChoice | undefined>(text: T): T | "q8" {
  return text === "q4" ? "q8" : text;
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
