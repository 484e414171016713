import { softmaxProbability, type SoftmaxTerms } from "./softmax-terms.js";

/**
 * Entropy of softmax(scores) in nats, as a float32 value, by the formula of `torch.distributions.Categorical(logits=scores)`: its
 * log-probabilities are `score − logsumexp`, rounded at the size of the scores. Impossible ids add nothing.
 */
export function categoricalEntropy(scores: Float32Array, terms: SoftmaxTerms): number {
  const logSumExp = Math.fround(terms.max + Math.log(terms.sum));
  let entropy = 0;
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] as number;
    if (score !== -Infinity) entropy -= Math.fround(score - logSumExp) * softmaxProbability(score, terms);
  }
  return Math.fround(entropy);
}
