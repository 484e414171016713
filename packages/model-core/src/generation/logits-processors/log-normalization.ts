import type { LogitsProcessor } from "./logits-processor.js";
import { logProbability, softmaxTerms } from "./softmax-terms.js";

/** Turns scores into log-probabilities. */
export const logNormalization: LogitsProcessor = (scores) => {
  const terms = softmaxTerms(scores);
  for (let token = 0; token < scores.length; token++) {
    scores[token] = logProbability(scores[token] as number, terms);
  }
};
