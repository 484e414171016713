import { InvalidArgumentError, tensor, type Tensor } from "@smolvlm/contracts";

/** How rows of token ids become a tensor. */
export interface PaddingOptions {
  /**
   * `true` or `"longest"`: to the longest row; `"max_length"`: to `maxLength`; `false`: not at all, so all rows must have the same length.
   * Default true: the tensors of a ragged batch need it, and a single row is not changed by it.
   */
  readonly padding?: boolean | "longest" | "max_length" | undefined;
  /**
   * Where padding goes. Default `"left"`, which generation needs; the reference takes the tokenizer's side, which is right in all published
   * checkpoints and makes batched generation wrong until the user changes it.
   */
  readonly paddingSide?: "left" | "right" | undefined;
  /** Whether rows longer than `maxLength` are cut, on the side that the tokenizer's configuration says. Default false. */
  readonly truncation?: boolean | undefined;
  /** Tokens; the tokenizer's `modelMaxLength` by default. */
  readonly maxLength?: number | undefined;
}

/** What the tokenizer contributes to the collation. */
export interface CollationTokens {
  readonly padTokenId: number | undefined;
  readonly modelMaxLength: number | undefined;
  readonly truncationSide: "left" | "right";
}

/** Rows cut to the maximum length where `truncation` asks for it. */
export function truncateRows(
  rows: readonly number[][],
  options: PaddingOptions,
  tokens: CollationTokens,
): readonly number[][] {
  if (options.truncation !== true) return rows;
  const length = maxLength(options, tokens);
  const cut = (row: number[]) =>
    tokens.truncationSide === "left" ? row.slice(row.length - length) : row.slice(0, length);
  return rows.map((row) => (row.length > length ? cut(row) : row));
}

function maxLength(options: PaddingOptions, tokens: CollationTokens): number {
  const length = options.maxLength ?? tokens.modelMaxLength;
  if (length === undefined || !Number.isInteger(length) || length < 1) {
    throw new InvalidArgumentError({ argument: "maxLength", expected: "an integer from 1 on", found: String(length) });
  }
  return length;
}

/**
 * Token ids and attention mask, both [rows, length].
 *
 * @throws InvalidArgumentError when rows of different lengths are not to be padded, or there is no pad token.
 */
export function collateRows(
  rows: readonly (readonly number[])[],
  options: PaddingOptions,
  tokens: CollationTokens,
): { readonly inputIds: Tensor<"int32">; readonly attentionMask: Tensor<"int32"> } {
  const longest = Math.max(...rows.map((row) => row.length));
  const length = options.padding === "max_length" ? Math.max(longest, maxLength(options, tokens)) : longest;
  const ragged = rows.some((row) => row.length !== length);
  if (ragged && options.padding === false) {
    const found = `rows of ${rows.map((row) => row.length).join(", ")} tokens`;
    throw new InvalidArgumentError({
      argument: "padding",
      expected: "true, since rows differ in length",
      found: `false with ${found}`,
    });
  }
  if (ragged && tokens.padTokenId === undefined) {
    throw new InvalidArgumentError({
      argument: "padding",
      expected: "a tokenizer with a pad token",
      found: "none in its configuration",
    });
  }
  const inputIds = new Int32Array(rows.length * length).fill(tokens.padTokenId ?? 0);
  const attentionMask = new Int32Array(rows.length * length);
  rows.forEach((row, r) => {
    const start = r * length + (options.paddingSide === "right" ? 0 : length - row.length);
    inputIds.set(row, start);
    attentionMask.fill(1, start, start + row.length);
  });
  const dims = [rows.length, length];
  return { inputIds: tensor("int32", dims, inputIds), attentionMask: tensor("int32", dims, attentionMask) };
}
