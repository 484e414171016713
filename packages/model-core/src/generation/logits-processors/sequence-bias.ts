import type { LogitsProcessor } from "./logits-processor.js";

/** A sequence of ids and what is added to the score of its last id where the others precede it. */
export type SequenceBias = readonly [sequence: readonly number[], bias: number];

/**
 * Adds a bias to the last id of each sequence whose other ids end the row. Of equal sequences the last one's bias counts. As in the
 * reference a sequence applies only in rows that hold at least as many ids as it has.
 */
export function sequenceBias(biases: readonly SequenceBias[]): LogitsProcessor {
  const distinct = new Map(biases.map(([sequence, bias]) => [sequence.join(), { sequence, bias: Math.fround(bias) }]));
  // Sums are formed in float32, single ids first, as the reference does it.
  const ordered = [...distinct.values()].sort(
    (a, b) => Math.min(a.sequence.length, 2) - Math.min(b.sequence.length, 2),
  );
  const total = new Map<number, number>();
  return (scores, { ids }) => {
    total.clear();
    for (const { sequence, bias } of ordered) {
      if (!precedes(sequence, ids)) continue;
      const token = sequence[sequence.length - 1] as number;
      total.set(token, Math.fround((total.get(token) ?? 0) + bias));
    }
    for (const [token, bias] of total) scores[token] = (scores[token] as number) + bias;
  };
}

function precedes(sequence: readonly number[], ids: Int32Array): boolean {
  const prefix = sequence.length - 1;
  if (prefix > 0 && sequence.length > ids.length) return false;
  for (let i = 0; i < prefix; i++) {
    if (ids[ids.length - prefix + i] !== sequence[i]) return false;
  }
  return true;
}
