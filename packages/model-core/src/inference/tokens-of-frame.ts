import type { SmolVLMConfig } from "@smolvlm/config";

/** Tokens of a frame of `side` × `side` pixels. */
export function tokensOfFrame(side: number, { visionConfig, scaleFactor }: SmolVLMConfig): number {
  return (Math.floor(side / visionConfig.patchSize) / scaleFactor) ** 2;
}
