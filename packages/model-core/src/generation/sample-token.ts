import { greedyToken } from "./greedy-token.js";

/**
 * Draws an index with the probabilities softmax(scores), in float64, by inverting the cumulative distribution in index order. One number
 * of `random` is used per draw. −1 when a score is NaN or +∞, or all are −∞.
 *
 * @param random Uniform in [0, 1).
 */
export function sampleToken(scores: Float32Array, random: () => number): number {
  const best = greedyToken(scores);
  const max = scores[best];
  if (max === undefined || max === Infinity) return -1;
  let total = 0;
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] as number;
    if (score !== -Infinity) total += Math.exp(score - max);
  }
  const target = random() * total;
  let cumulative = 0;
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] as number;
    if (score === -Infinity) continue;
    cumulative += Math.exp(score - max);
    if (cumulative > target) return token;
  }
  // Not reached: both sums add the same numbers in the same order, and random() < 1. The best token is right whatever happens.
  return best;
}
