import type { LogitsProcessor } from "./logits-processor.js";
import { sequenceBias } from "./sequence-bias.js";

/** Excludes the last id of each sequence where the others precede it. Sequences that are a single EOS id are ignored, as in the reference. */
export function badWords(sequences: readonly (readonly number[])[], eosTokenIds: readonly number[]): LogitsProcessor {
  const banned = sequences.filter(([first, ...rest]) => rest.length > 0 || !eosTokenIds.includes(first as number));
  return sequenceBias(banned.map((sequence) => [sequence, -Infinity]));
}
