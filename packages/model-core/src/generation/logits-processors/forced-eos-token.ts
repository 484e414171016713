import type { LogitsProcessor } from "./logits-processor.js";

/** Leaves only `tokens`, with score 0, for the last id that fits in the row's greatest length. */
export function forcedEosToken(tokens: readonly number[]): LogitsProcessor {
  return (scores, { ids, maxLength }) => {
    if (ids.length !== maxLength - 1) return;
    scores.fill(-Infinity);
    for (const token of tokens) scores[token] = 0;
  };
}
