import type { LogitsProcessor } from "./logits-processor.js";
import { logProbability, softmaxTerms } from "./softmax-terms.js";

/** Turns scores into log-probabilities; scores that exclude every token stay as they are, where the reference makes them NaN. */
export const logNormalization: LogitsProcessor = (scores) => {
  const terms = softmaxTerms(scores);
  if (terms.max === -Infinity) return;
  for (let token = 0; token < scores.length; token++) {
    scores[token] = logProbability(scores[token] as number, terms);
  }
};
