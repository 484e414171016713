import type { LogitsProcessor } from "./logits-processor.js";
import { softmaxProbability, softmaxTerms } from "./softmax-terms.js";

/** Excludes ids less probable than `p` times the most probable one, which always stays. */
export function minP(p: number): LogitsProcessor {
  const factor = Math.fround(p);
  return (scores) => {
    const terms = softmaxTerms(scores);
    const least = Math.fround(factor * softmaxProbability(terms.max, terms));
    for (let token = 0; token < scores.length; token++) {
      if (softmaxProbability(scores[token] as number, terms) < least) scores[token] = -Infinity;
    }
  };
}
