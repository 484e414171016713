/**
 * The index of the greatest score; of equal ones, the lowest. −1 when a score is NaN or all are −∞, where the reference would go on with
 * a meaningless token.
 */
export function greedyToken(scores: Float32Array): number {
  let best = -1;
  let bestScore = -Infinity;
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] as number;
    if (score > bestScore) {
      best = token;
      bestScore = score;
    } else if (Number.isNaN(score)) {
      return -1;
    }
  }
  return best;
}
