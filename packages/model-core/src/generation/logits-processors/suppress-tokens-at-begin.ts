import type { LogitsProcessor } from "./logits-processor.js";

/**
 * Excludes `tokens` as the first new id. After a forced BOS, which is the first new id of a prompt of one id, it is the next one that
 * counts.
 */
export function suppressTokensAtBegin(tokens: readonly number[], hasForcedBos: boolean): LogitsProcessor {
  return (scores, { ids, promptLength }) => {
    const begin = hasForcedBos && promptLength <= 1 ? promptLength + 1 : promptLength;
    if (ids.length !== begin) return;
    for (const token of tokens) scores[token] = -Infinity;
  };
}
