export { convertedFiles, type ConvertedFilesOptions } from "./converted/converted-files.js";
export type { DecoderState, DecoderStepOptions } from "./generation/decoder-state.js";
export type {
  FinishReason,
  GenerateResult,
  GenerationStep,
  TokenEvent,
  TokenUsage,
} from "./generation/generate-result.js";
export { generate, generateTokens } from "./generation/generate.js";
export type {
  GenerationOptions,
  LogitsOptions,
  SamplingOptions,
  StoppingOptions,
} from "./generation/generation-options.js";
export type { GenerationSettings } from "./generation/generation-settings.js";
export { InvalidLogitsError } from "./generation/invalid-logits-error.js";
export type { LogitsContext, LogitsProcessor } from "./generation/logits-processors/logits-processor.js";
export { resolveGenerationOptions, type ResolveGenerationInit } from "./generation/resolve-generation-options.js";
export type { TokenStream } from "./generation/token-stream.js";
export { GraphError } from "./graph/graph-error.js";
export { autoFormats } from "./inference/auto-formats.js";
export { headFormat, type DtypeChoice, type ModelDtype, type PartFormats } from "./inference/dtype.js";
export type { WantedLogits } from "./inference/gathered-logits.js";
export type { KvCacheDtype } from "./graph/graph-builder.js";
export { probeConversion } from "./inference/conversion-probe.js";
export type { ConversionCheck, ConvertedGraph, LoadProgress } from "./inference/graph-loader.js";
export type { ImageFeaturesInputs } from "./inference/image-features.js";
export { ImageTokenError } from "./inference/image-token-error.js";
export type { ModelCallInputs } from "./inference/model-call-inputs.js";
export type { FromPretrainedOptions } from "./inference/model-runtime.js";
export { PromptCache } from "./inference/prompt-cache.js";
export { PromptTooLongError } from "./inference/prompt-too-long-error.js";
export type { TowerStates } from "./inference/tower-states.js";
export type { VisionCacheOptions } from "./inference/vision-cache.js";
export {
  SmolVLMForConditionalGeneration,
  type CausalForwardInputs,
  type CausalForwardOutput,
  type GenerateInputs,
  type GenerationStream,
  type PromptDecoder,
} from "./smolvlm-for-conditional-generation.js";
export {
  SmolVLMModel,
  type ModelForwardInputs,
  type ModelForwardOutput,
  type ModelHiddenStates,
} from "./smolvlm-model.js";
export {
  SmolVLMVisionTransformer,
  type VisionForwardInputs,
  type VisionForwardOutput,
} from "./smolvlm-vision-transformer.js";
export { QuantizationError } from "./weights/conversion-bounds.js";
export type { ConversionError } from "./weights/conversion-error.js";
export type { ConvertedRows, RowsConverter, RowsRequest } from "./weights/convert-rows.js";
export { convertHere, inThisThread } from "./weights/in-this-thread.js";
export type { WeightType } from "./weights/checkpoint-tensor.js";
export { blockLengths, weightFormats, type WeightFormat } from "./weights/weight-format.js";
export { MissingTensorError, TensorMismatchError, UnusedTensorsError } from "./weights/weight-errors.js";
export type { ModelFolderFile } from "./transformers-js/model-folder-file.js";
export type { TransformersJsDtype } from "./transformers-js/transformers-js-dtype.js";
export { transformersJsFiles, type TransformersJsOptions } from "./transformers-js/transformers-js-files.js";
export { parseRecord, type ConversionRecord, type Figures, type KeptOnnx } from "./weights/conversion-record.js";
