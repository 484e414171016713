import type { LogitsProcessor } from "./logits-processor.js";

/** Leaves only `token`, with score 0, for the second id of a row. */
export function forcedBosToken(token: number): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length !== 1) return;
    scores.fill(-Infinity);
    scores[token] = 0;
  };
}
