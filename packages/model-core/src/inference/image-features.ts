import { imageSequenceLength } from "@smolvlm/config";
import { tensor, type Tensor } from "@smolvlm/contracts";
import { realFrames } from "./frames.js";
import type { LoadProgress } from "./graph-loader.js";
import type { ModelRuntime } from "./model-runtime.js";

/** What `getImageFeatures` takes. */
export interface ImageFeaturesInputs extends LoadProgress {
  /** Frames [samples, frames, colours, side, side]; frames that are all exactly 0 are left out. */
  readonly pixelValues: Tensor<"float32">;
  /** 1 where a frame has pixels [samples, frames, side, side]; everywhere by default. */
  readonly pixelAttentionMask?: Tensor<"bool"> | undefined;
}

/** Frames as the text model sees them [real frames, tokens, text hidden]. */
export async function imageFeatures(runtime: ModelRuntime, inputs: ImageFeaturesInputs): Promise<Tensor<"float32">> {
  const frames = realFrames(inputs.pixelValues, inputs.pixelAttentionMask, runtime.config);
  const outputs = await runtime.encode(frames, false, inputs);
  const { config } = runtime;
  const none = [0, imageSequenceLength(config), config.textConfig.hiddenSize];
  return outputs["image_features"] ?? tensor("float32", none, new Float32Array(0));
}
