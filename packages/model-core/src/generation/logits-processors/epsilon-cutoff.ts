import type { LogitsProcessor } from "./logits-processor.js";
import { softmaxProbability, softmaxTerms } from "./softmax-terms.js";

/** Excludes ids of a probability below `epsilon` (arXiv 2210.15191); the most probable one, and its equals, always stay. */
export function epsilonCutoff(epsilon: number): LogitsProcessor {
  const least = Math.fround(epsilon);
  return (scores) => {
    const terms = softmaxTerms(scores);
    for (let token = 0; token < scores.length; token++) {
      const score = scores[token] as number;
      if (score < terms.max && softmaxProbability(score, terms) < least) scores[token] = -Infinity;
    }
  };
}
