/** Labels that do not count. */
export const IGNORED_LABEL = -100;

/** −log softmax(logits)[label] of one position. */
export function crossEntropy(logits: Float32Array, label: number): number {
  let max = -Infinity;
  for (const value of logits) max = Math.max(max, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - max);
  return Math.log(sum) + max - (logits[label] as number);
}
