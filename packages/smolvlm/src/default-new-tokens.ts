import type { ModelInputs } from "@smolvlm/contracts";
import type { SmolVLMForConditionalGeneration } from "@smolvlm/model-core";

/** Long enough for a description; the reference's own 20 cuts most answers off. */
const DEFAULT_NEW_TOKENS = 256;

/** The answer's greatest length where a call names none: the checkpoint's, or what the context still has room for. */
export function defaultNewTokens(
  inputs: Pick<ModelInputs, "attentionMask">,
  model: SmolVLMForConditionalGeneration,
): number {
  const [rows = 0, length = 0] = inputs.attentionMask.dims;
  let longest = 0;
  for (let row = 0; row < rows; row++) {
    const mask = inputs.attentionMask.data.subarray(row * length, (row + 1) * length);
    longest = Math.max(
      longest,
      mask.reduce((sum, value) => sum + value, 0),
    );
  }
  const room = model.config.textConfig.maxPositionEmbeddings - longest;
  // At least one, so that a prompt that fills the context is refused with the error about it.
  return Math.max(1, Math.min(model.generationConfig.maxNewTokens ?? DEFAULT_NEW_TOKENS, room));
}
