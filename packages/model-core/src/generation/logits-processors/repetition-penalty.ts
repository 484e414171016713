import type { LogitsProcessor } from "./logits-processor.js";

/**
 * Divides the score of each id that occurs in the row by `penalty` where it is positive, and multiplies it where it is negative
 * (arXiv 1909.05858); once per id. The prompt counts, image tokens included.
 */
export function repetitionPenalty(penalty: number, vocabSize: number): LogitsProcessor {
  const factor = Math.fround(penalty);
  const seen = new Uint8Array(vocabSize);
  return (scores, { ids }) => {
    for (const id of ids) {
      if (seen[id] !== 0) continue;
      seen[id] = 1;
      const score = scores[id] as number;
      scores[id] = score < 0 ? score * factor : score / factor;
    }
    for (const id of ids) seen[id] = 0;
  };
}
