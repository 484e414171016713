import type { LogitsProcessor } from "./logits-processor.js";
import { softmaxProbability, softmaxTerms } from "./softmax-terms.js";

/**
 * Excludes the least probable ids whose probabilities, added up from the least, reach at most `1 − p` (arXiv 1904.09751); the most
 * probable one always stays. Where only some of several equal scores go, those with lower ids go: the reference's order is that of an
 * unstable sort, which agrees for small inputs and is undefined for large ones.
 */
export function topP(p: number, vocabSize: number): LogitsProcessor {
  const limit = Math.fround(1 - p);
  const buffer = new Float32Array(vocabSize);
  return (scores) => {
    // Only possible ids are sorted: after top-k they are few. Sorting values, not ids, needs no memory; equal values are told apart below.
    let count = 0;
    for (let token = 0; token < scores.length; token++) {
      const score = scores[token] as number;
      if (score !== -Infinity) buffer[count++] = score;
    }
    if (count === 0) return;
    const ascending = buffer.subarray(0, count).sort();
    const terms = softmaxTerms(ascending);
    let removed = 0;
    let cumulative = 0;
    while (removed < count - 1) {
      cumulative += softmaxProbability(ascending[removed] as number, terms);
      if (!(Math.fround(cumulative) <= limit)) break;
      removed++;
    }
    const lowestKept = ascending[removed] as number;
    let equalRemoved = removed;
    while (equalRemoved > 0 && ascending[equalRemoved - 1] === lowestKept) equalRemoved--;
    let equalLeft = removed - equalRemoved;
    for (let token = 0; token < scores.length; token++) {
      const score = scores[token] as number;
      if (score < lowestKept) scores[token] = -Infinity;
      else if (score === lowestKept && equalLeft > 0) {
        scores[token] = -Infinity;
        equalLeft--;
      }
    }
  };
}
