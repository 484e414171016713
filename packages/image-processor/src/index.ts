export type { ImageDecoder, ImageSource, ImageSources, OpenedImage } from "./image-decoder.js";
export type { ImagePatches, ImageProcessor } from "./image-processor.js";
export type { ImageProcessorOptions, ResolvedOptions, TargetSize } from "./image-processor-options.js";
export type { ImageFrames, ImageInput, ImageProcessorOutput } from "./preprocess.js";
export { Resample } from "./resample/filter.js";
export { resizeEngine, type ResizeEngine } from "./resample/resize-pixels.js";
export { SmolVLMImageProcessor } from "./smolvlm-image-processor.js";
export {
  SmolVLMImageProcessorFast,
  type FastFlavour,
  type FastImageProcessorOptions,
} from "./smolvlm-image-processor-fast.js";
