import type { LogitsProcessor } from "./logits-processor.js";

/** Excludes `tokens`. Ids beyond the vocabulary are ignored, as in the reference. */
export function suppressTokens(tokens: readonly number[]): LogitsProcessor {
  return (scores) => {
    for (const token of tokens) scores[token] = -Infinity;
  };
}
