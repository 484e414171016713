import { categoricalEntropy } from "./categorical-entropy.js";
import type { LogitsProcessor } from "./logits-processor.js";
import { softmaxProbability, softmaxTerms } from "./softmax-terms.js";

/**
 * Excludes ids of a probability below `min(epsilon, √epsilon · e^−entropy)` (arXiv 2210.15191); the most probable one, and its equals,
 * always stay.
 */
export function etaCutoff(epsilon: number): LogitsProcessor {
  const greatest = Math.fround(epsilon);
  const root = Math.fround(Math.sqrt(greatest));
  return (scores) => {
    const terms = softmaxTerms(scores);
    const least = Math.min(greatest, Math.fround(root * Math.fround(Math.exp(-categoricalEntropy(scores, terms)))));
    for (let token = 0; token < scores.length; token++) {
      const score = scores[token] as number;
      if (score < terms.max && softmaxProbability(score, terms) < least) scores[token] = -Infinity;
    }
  };
}
