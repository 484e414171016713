import type { LogitsProcessor } from "./logits-processor.js";

/** Excludes the EOS ids while the row, prompt included, holds fewer than `minLength` ids. */
export function minLength(minLength: number, eosTokenIds: readonly number[]): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length >= minLength) return;
    for (const id of eosTokenIds) scores[id] = -Infinity;
  };
}
