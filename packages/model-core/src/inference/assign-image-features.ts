import type { SmolVLMConfig } from "@smolvlm/config";
import { InvalidArgumentError } from "@smolvlm/contracts";
import { ImageTokenError } from "./image-token-error.js";
import type { PromptRow } from "./prompt-row.js";

/**
 * Says which row of the image features [frames · tokens] replaces the embedding of each `<image>` token.
 *
 * SmolVLM2 (`smolvlm`) counts in blocks of `tokensPerFrame`: each row of the batch must have a multiple of it. SmolVLM (`idefics3`)
 * hands the features out one by one. Both agree whenever the counts match, and both ignore surplus frames, as the reference does.
 *
 * @param order which frame each block of `tokensPerFrame` shows, through all rows; 0, 1, 2, … by default.
 * @throws ImageTokenError when there are not enough frames, or tokens that do not make up whole ones. InvalidArgumentError when `order`
 * names a frame that is not there.
 */
export function assignImageFeatures(
  rows: readonly PromptRow[],
  config: SmolVLMConfig,
  frames: number,
  tokensPerFrame: number,
  order?: readonly number[],
): readonly PromptRow[] {
  const stranger = order?.find((frame) => !Number.isInteger(frame) || frame < 0 || frame >= frames);
  if (stranger !== undefined) {
    const expected = `frames from 0 to ${frames - 1}`;
    throw new InvalidArgumentError({ argument: "imageFrames", expected, found: String(stranger) });
  }
  let next = 0;
  const nextFeature = (): number => {
    const block = Math.floor(next / tokensPerFrame);
    return (order ? (order[block] ?? 0) : block) * tokensPerFrame + (next++ % tokensPerFrame);
  };
  const assigned = rows.map((row, index) => {
    const features = Int32Array.from(row.ids, (id) => (id === config.imageTokenId ? nextFeature() : -1));
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
  const blocks = order?.length ?? frames;
  if (next > blocks * tokensPerFrame) {
    throw new ImageTokenError({
      expected: `at most ${blocks * tokensPerFrame} <image> tokens, ${tokensPerFrame} for each of ${blocks} frames`,
      found: String(next),
    });
  }
  return assigned;
}
