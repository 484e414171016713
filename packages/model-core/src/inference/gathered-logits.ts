import { InvalidArgumentError, tensor, type Tensor } from "@smolvlm/contracts";
import { crossEntropy, IGNORED_LABEL } from "./cross-entropy.js";
import type { ModelCallInputs } from "./model-call-inputs.js";
import type { PromptRow } from "./prompt-row.js";
import type { ReadPiece } from "./read-prompts.js";

/** Which positions' logits a caller wants, and for which labels the loss. */
export interface WantedLogits {
  /** 0 or undefined for all positions of the padded batch, a number for the last so many, or the positions themselves. */
  readonly logitsToKeep?: number | readonly number[] | undefined;
  /** The token that should stand at each position [batch, length], −100 where it does not count. */
  readonly labels?: Tensor<"int32"> | undefined;
}

/** Puts logits where their positions were in the padded batch, and adds up the loss. */
export class GatheredLogits {
  readonly #rows: readonly PromptRow[];
  /** Index in the result of each kept column of the padded batch. */
  readonly #columns: ReadonlyMap<number, number>;
  readonly #labels: Tensor<"int32"> | undefined;
  readonly #length: number;
  readonly #vocabSize: number;
  readonly #logits: Float32Array;
  #lossSum = 0;
  #lossCount = 0;

  /** @throws InvalidArgumentError when positions, or the shape or values of the labels, are wrong. */
  constructor(inputs: ModelCallInputs & WantedLogits, rows: readonly PromptRow[], vocabSize: number) {
    const [, length = 0] = inputs.inputIds.dims;
    this.#rows = rows;
    this.#columns = new Map(keptColumns(inputs.logitsToKeep, length).map((column, index) => [column, index]));
    this.#labels = inputs.labels;
    this.#length = length;
    this.#vocabSize = vocabSize;
    checkLabels(inputs, this.#columns.size < length, vocabSize);
    this.#logits = new Float32Array(rows.length * this.#columns.size * vocabSize);
  }

  /** Whether the logits of a position, counted without padding, are to be computed. */
  wants(row: number, position: number): boolean {
    return this.#columns.has((this.#rows[row] as PromptRow).start + position);
  }

  /** Takes over a piece. */
  add({ wanted, results }: ReadPiece): void {
    const all = results["logits"]?.data as Float32Array | undefined;
    wanted.forEach(({ row, position }, index) => {
      const logits = (all as Float32Array).subarray(index * this.#vocabSize, (index + 1) * this.#vocabSize);
      const { start, ids } = this.#rows[row] as PromptRow;
      const column = start + position;
      const to = row * this.#columns.size + (this.#columns.get(column) as number);
      this.#logits.set(logits, to * this.#vocabSize);
      const label = position + 1 < ids.length ? this.#labels?.data[row * this.#length + column + 1] : IGNORED_LABEL;
      if (label === undefined || label === IGNORED_LABEL) return;
      this.#lossSum += crossEntropy(logits, label);
      this.#lossCount++;
    });
  }

  /** [batch, kept positions, vocab], 0 at padding. */
  get logits(): Tensor<"float32"> {
    return tensor("float32", [this.#rows.length, this.#columns.size, this.#vocabSize], this.#logits);
  }

  /** The mean cross entropy of each labelled token given those before it; NaN where no label counts, undefined without labels. */
  get loss(): number | undefined {
    return this.#labels && this.#lossSum / this.#lossCount;
  }
}

function keptColumns(logitsToKeep: WantedLogits["logitsToKeep"], length: number): readonly number[] {
  const keep = logitsToKeep ?? 0;
  const columns =
    typeof keep === "number"
      ? Array.from({ length: keep === 0 ? length : keep }, (_, index) => (keep === 0 ? 0 : length - keep) + index)
      : keep;
  const isWrong = columns.some((column) => !Number.isInteger(column) || column < 0 || column >= length);
  if (!isWrong && new Set(columns).size === columns.length) return columns;
  throw new InvalidArgumentError({
    argument: "logitsToKeep",
    expected: `0 to ${length}, or different positions from 0 to ${length - 1}`,
    found: JSON.stringify(keep),
  });
}

function checkLabels(
  { labels, inputIds }: ModelCallInputs & WantedLogits,
  isPartial: boolean,
  vocabSize: number,
): void {
  if (!labels) return;
  const fail = (expected: string, found: string): InvalidArgumentError => {
    return new InvalidArgumentError({ argument: "labels", expected, found });
  };
  if (String(labels.dims) !== String(inputIds.dims)) {
    throw fail(`[${inputIds.dims.join(", ")}], the shape of inputIds`, `[${labels.dims.join(", ")}]`);
  }
  if (isPartial) throw fail("the logits of all positions", "logitsToKeep");
  const stranger = labels.data.find((label) => label !== IGNORED_LABEL && (label < 0 || label >= vocabSize));
  if (stranger !== undefined) throw fail(`−100 or ids from 0 to ${vocabSize - 1}`, String(stranger));
}
