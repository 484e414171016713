/** What turns a score into its probability: `exp(fround(score − max)) / sum`. */
export interface SoftmaxTerms {
  readonly max: number;
  /** Sum of `exp(fround(score − max))` over all scores, at least 1. */
  readonly sum: number;
}

/**
 * The two numbers of a softmax over `scores`. The difference is rounded to float32 because PyTorch's kernel rounds it, and for scores of
 * order 10 that is most of what separates it from the exact value; the rest is kept in float64.
 */
export function softmaxTerms(scores: Float32Array): SoftmaxTerms {
  let max = -Infinity;
  // Indexed loops here and in the processors: for-of over a typed array takes ten times as long in V8.
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] as number;
    if (score > max) max = score;
  }
  let sum = 0;
  for (let token = 0; token < scores.length; token++) sum += Math.exp(Math.fround((scores[token] as number) - max));
  return { max, sum };
}

/** The probability of a score, as a float32 value. */
export function softmaxProbability(score: number, { max, sum }: SoftmaxTerms): number {
  return Math.fround(Math.exp(Math.fround(score - max)) / sum);
}

/** The logarithm of the probability of a score, as a float32 value, by the formula of `log_softmax`. */
export function logProbability(score: number, { max, sum }: SoftmaxTerms): number {
  return Math.fround(Math.fround(score - max) - Math.log(sum));
}
