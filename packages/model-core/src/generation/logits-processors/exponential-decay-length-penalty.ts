import type { LogitsProcessor } from "./logits-processor.js";

/**
 * Adds `|score| · (factor^n − 1)` to the EOS ids once the row holds `n > 0` new ids beyond `start`. An EOS that is excluded stays so; the
 * reference makes it NaN.
 */
export function exponentialDecayLengthPenalty(
  start: number,
  factor: number,
  eosTokenIds: readonly number[],
): LogitsProcessor {
  const distinct = [...new Set(eosTokenIds)];
  return (scores, { ids, promptLength }) => {
    const beyond = ids.length - promptLength - start;
    if (beyond <= 0) return;
    const growth = Math.fround(factor ** beyond - 1);
    for (const id of distinct) {
      const score = scores[id] as number;
      if (score !== -Infinity) scores[id] = score + Math.fround(Math.abs(score) * growth);
    }
  };
}
