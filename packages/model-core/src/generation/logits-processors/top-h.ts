import { categoricalEntropy } from "./categorical-entropy.js";
import type { LogitsProcessor } from "./logits-processor.js";
import { softmaxProbability, softmaxTerms } from "./softmax-terms.js";

/** Ids that are considered at all, as in the reference. */
const CANDIDATES = 100;

/**
 * Top-H (arXiv 2509.02510): of the 100 best ids, keeps the best ones while the entropy they add up stays within `h` times the entropy of
 * the 100, and excludes the others. The best one always stays. Of equal scores the lower id comes first.
 */
export function topH(h: number, vocabSize: number): LogitsProcessor {
  const best = new Float32Array(Math.min(CANDIDATES, vocabSize));
  const bestTokens = new Int32Array(best.length);
  return (scores) => {
    best.fill(-Infinity);
    for (let token = 0; token < scores.length; token++) {
      const score = scores[token] as number;
      // Left in place for the choice of the token to report.
      if (Number.isNaN(score)) return;
      if (score > (best[best.length - 1] as number)) insert(best, bestTokens, score, token);
    }
    const terms = softmaxTerms(best);
    const limit = Math.fround(categoricalEntropy(best, terms) * Math.fround(h));
    let kept = 0;
    let cumulative = 0;
    for (; kept < best.length; kept++) {
      const probability = softmaxProbability(best[kept] as number, terms);
      cumulative -= probability * Math.fround(Math.log(probability));
      if (kept > 0 && !(Math.fround(cumulative) <= limit)) break;
    }
    scores.fill(-Infinity);
    for (let i = 0; i < kept; i++) scores[bestTokens[i] as number] = best[i] as number;
  };
}

function insert(best: Float32Array, tokens: Int32Array, score: number, token: number): void {
  let at = best.length - 1;
  for (; at > 0 && (best[at - 1] as number) < score; at--) {
    best[at] = best[at - 1] as number;
    tokens[at] = tokens[at - 1] as number;
  }
  best[at] = score;
  tokens[at] = token;
}
