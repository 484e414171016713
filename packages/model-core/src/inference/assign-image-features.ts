import type { SmolVLMConfig } from "@smolvlm/config";
import { ImageTokenError } from "./image-token-error.js";
import type { PromptRow } from "./prompt-row.js";

/**
 * Says which row of the image features [frames · tokens] replaces the embedding of each `<image>` token.
 *
 * SmolVLM2 (`smolvlm`) counts in blocks of `tokensPerFrame`: each row of the batch must have a multiple of it. SmolVLM (`idefics3`)
 * hands the features out one by one. Both agree whenever the counts match, and both ignore surplus frames, as the reference does.
 *
 * @throws ImageTokenError when there are not enough frames, or tokens that do not make up whole ones.
 */
export function assignImageFeatures(
  rows: readonly PromptRow[],
  config: SmolVLMConfig,
  frames: number,
  tokensPerFrame: number,
): readonly PromptRow[] {
  let next = 0;
  const assigned = rows.map((row, index) => {
    const features = Int32Array.from(row.ids, (id) => (id === config.imageTokenId ? next++ : -1));
    const count = features.reduce((sum, feature) => sum + (feature >= 0 ? 1 : 0), 0);
    if (config.modelType === "smolvlm" && count % tokensPerFrame !== 0) {
      throw new ImageTokenError({
        // The first part is the reference's message.
        expected: `<image> tokens in multiples of ${tokensPerFrame}, one block a frame`,
        found: `${count} in row ${index} (At least one sample has <image> tokens not divisible by patch_size.)`,
      });
    }
    return { ...row, features };
  });
  if (next > frames * tokensPerFrame) {
    throw new ImageTokenError({
      expected: `at most ${frames * tokensPerFrame} <image> tokens, ${tokensPerFrame} for each of ${frames} frames`,
      found: String(next),
    });
  }
  return assigned;
}
