import { InvalidArgumentError } from "@smolvlm/contracts";
import type { LogitsProcessor } from "./logits-processor.js";

/**
 * Excludes all ids but those that `allowed` names for the row.
 *
 * @throws InvalidArgumentError, from the processor, when it names none.
 */
export function prefixConstrained(
  allowed: (row: number, ids: Int32Array) => readonly number[],
  vocabSize: number,
): LogitsProcessor {
  const isAllowed = new Uint8Array(vocabSize);
  return (scores, { row, ids }) => {
    const tokens = allowed(row, ids);
    if (tokens.length === 0) {
      throw new InvalidArgumentError({
        argument: "prefixAllowedTokensFn",
        expected: `at least one allowed token for row ${row} at position ${ids.length}`,
        found: "none",
      });
    }
    for (const token of tokens) isAllowed[token] = 1;
    for (let token = 0; token < vocabSize; token++) {
      if (isAllowed[token] === 0) scores[token] = -Infinity;
    }
    for (const token of tokens) isAllowed[token] = 0;
  };
}
