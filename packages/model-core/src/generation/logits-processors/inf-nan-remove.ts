import type { LogitsProcessor } from "./logits-processor.js";

const MAX_FLOAT32 = 3.4028234663852886e38;

/** NaN becomes 0, ±∞ the greatest and the lowest float32; ids that earlier processors excluded become possible again, though barely. */
export const infNanRemove: LogitsProcessor = (scores) => {
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] as number;
    if (Number.isNaN(score)) scores[token] = 0;
    else if (score === Infinity) scores[token] = MAX_FLOAT32;
    else if (score === -Infinity) scores[token] = -MAX_FLOAT32;
  }
};
