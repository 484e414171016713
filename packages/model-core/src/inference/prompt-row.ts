import { InvalidArgumentError } from "@smolvlm/contracts";
import type { ModelCallInputs } from "./model-call-inputs.js";

/** One row of a batch without its padding. */
export interface PromptRow {
  readonly ids: Int32Array;
  /** For each id the row of the image features that takes its place, −1 where it is a text token. */
  readonly features: Int32Array;
  /** Where the row began in the padded batch. */
  readonly start: number;
}

/** The positions `[from, to)` of a row. */
export function partOf({ ids, features, start }: PromptRow, from: number, to: number): PromptRow {
  return { ids: ids.subarray(from, to), features: features.subarray(from, to), start: start + from };
}

/**
 * The rows of a batch, freed of their padding. All of them are text tokens at first; see `assignImageFeatures`.
 *
 * @throws InvalidArgumentError when shapes do not agree, padding lies between tokens, a row is empty, or an id is not in the vocabulary.
 */
export function promptRows(
  { inputIds, attentionMask }: Pick<ModelCallInputs, "inputIds" | "attentionMask">,
  vocabSize: number,
): readonly PromptRow[] {
  const [batch = 0, length = 0] = inputIds.dims;
  if (inputIds.dims.length !== 2 || batch < 1) {
    throw wrong("inputIds", "[batch, length] with at least one row", `[${inputIds.dims.join(", ")}]`);
  }
  if (attentionMask && String(attentionMask.dims) !== String(inputIds.dims)) {
    throw wrong(
      "attentionMask",
      `[${inputIds.dims.join(", ")}], the shape of inputIds`,
      `[${attentionMask.dims.join(", ")}]`,
    );
  }
  return Array.from({ length: batch }, (_, row) => {
    const mask = attentionMask?.data.subarray(row * length, (row + 1) * length);
    const start = mask ? mask.findIndex((flag) => flag !== 0) : 0;
    const end = mask ? mask.findLastIndex((flag) => flag !== 0) + 1 : length;
    if (start < 0 || end === 0) throw wrong("attentionMask", `at least one token in row ${row}`, "padding only");
    if (mask?.subarray(start, end).includes(0)) {
      throw wrong("attentionMask", `padding on one side of row ${row}`, "padding between tokens");
    }
    const ids = inputIds.data.slice(row * length + start, row * length + end);
    const stranger = ids.find((id) => id < 0 || id >= vocabSize);
    if (stranger !== undefined) throw wrong("inputIds", `ids from 0 to ${vocabSize - 1}`, `${stranger} in row ${row}`);
    return { ids, features: new Int32Array(ids.length).fill(-1), start };
  });
}

function wrong(argument: string, expected: string, found: string): InvalidArgumentError {
  return new InvalidArgumentError({ argument, expected, found });
}
