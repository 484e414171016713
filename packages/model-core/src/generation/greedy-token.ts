/**
 * The index of the greatest score; of equal ones, the lowest. −1 when a score is NaN or all are −∞, where the reference would go on with
 * a meaningless token.
 */
export function greedyToken(scores: Float32Array): number {
  let best = -1;
  let bestScore = -Infinity;
  const isBelow = (token: number): boolean => (scores[token] as number) <= bestScore;
  for (let first = 0; first < scores.length; first += 4) {
    // A NaN is below nothing, so that one comparison a score finds it too; four at a time take half as long.
    if (isBelow(first) && isBelow(first + 1) && isBelow(first + 2) && isBelow(first + 3)) continue;
    for (let token = first; token < Math.min(first + 4, scores.length); token++) {
      const score = scores[token] as number;
      if (Number.isNaN(score)) return -1;
      if (score <= bestScore) continue;
      best = token;
      bestScore = score;
    }
  }
  return best;
}
