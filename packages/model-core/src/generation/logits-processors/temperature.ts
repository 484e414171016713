import type { LogitsProcessor } from "./logits-processor.js";

/** Divides the scores by `temperature`: below 1 the distribution gets sharper, above 1 flatter. */
export function temperature(temperature: number): LogitsProcessor {
  const divisor = Math.fround(temperature);
  return (scores) => {
    for (let token = 0; token < scores.length; token++) scores[token] = (scores[token] as number) / divisor;
  };
}
