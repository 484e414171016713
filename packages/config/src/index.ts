export type { AddedToken } from "./added-token.js";
export { parseChatTemplate, readChatTemplate } from "./chat-template.js";
export { parseGenerationConfig, readGenerationConfig, type GenerationConfig } from "./generation-config.js";
export {
  parseImageProcessorConfig,
  readImageProcessorConfig,
  type ImageProcessorConfig,
} from "./image-processor-config.js";
export { readJsonFile, readTextFile, type ReadFileOptions } from "./json-file.js";
export { MAX_CONFIG_BYTES, MAX_TOKENIZER_BYTES } from "./limits.js";
export { imageSequenceLength, parseModelConfig, readModelConfig, type SmolVLMConfig } from "./model-config.js";
export { parseProcessorConfig, readProcessorConfig, type ProcessorConfig } from "./processor-config.js";
export { parseTextConfig, type SmolVLMTextConfig } from "./text-config.js";
export {
  parseTokenizerConfig,
  readTokenizerConfig,
  type TokenizerConfig,
  type TokenizerSideFiles,
} from "./tokenizer-config.js";
export {
  parseVideoProcessorConfig,
  readVideoProcessorConfig,
  type VideoProcessorConfig,
} from "./video-processor-config.js";
export { parseVisionConfig, type SmolVLMVisionConfig } from "./vision-config.js";
export {
  openTokenizerJson,
  parseTokenizerJson,
  readTokenizerJson,
  type PreTokenizerStep,
  type TokenizerJson,
} from "./tokenizer-json.js";
