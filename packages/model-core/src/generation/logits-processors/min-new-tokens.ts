import type { LogitsProcessor } from "./logits-processor.js";

/** Excludes the EOS ids while the row holds fewer than `minNewTokens` new ids. */
export function minNewTokens(minNewTokens: number, eosTokenIds: readonly number[]): LogitsProcessor {
  return (scores, { ids, promptLength }) => {
    if (ids.length - promptLength >= minNewTokens) return;
    for (const id of eosTokenIds) scores[id] = -Infinity;
  };
}
