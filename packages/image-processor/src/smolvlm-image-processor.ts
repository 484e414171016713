import { parseImageProcessorConfig, readImageProcessorConfig } from "@smolvlm/config";
import type { ModelFiles, ReadOptions } from "@smolvlm/contracts";
import { countImagePatches, type ImagePatches, type ImageProcessor } from "./image-processor.js";
import { resolveOptions, type ImageProcessorOptions, type ResolvedOptions } from "./image-processor-options.js";
import { pillowPixelTables } from "./pixel-table.js";
import { preprocessImages, type ImageInput, type ImageProcessorOutput } from "./preprocess.js";
import { resizePixels } from "./resample/resize-pixels.js";

/**
 * Pictures to the model's frames as the reference's Pillow processor makes them, bit for bit: `SmolVLMImageProcessor` of
 * transformers 4 and `SmolVLMImageProcessorPil` (`backend="pil"`) of transformers 5. The numbers published for SmolVLM were made with it.
 */
export class SmolVLMImageProcessor implements ImageProcessor {
  readonly config: ResolvedOptions;

  /**
   * @param options what differs from the class defaults of the reference; a published checkpoint needs `fromPretrained` or its config.
   * @throws InvalidArgumentError for a value of the wrong type or range.
   */
  constructor(options: ImageProcessorOptions = {}) {
    this.config = resolveOptions(options);
  }

  /** From the value of a checkpoint's `preprocessor_config.json`, in snake_case. @throws ConfigError naming the field. */
  static fromConfig(json: unknown): SmolVLMImageProcessor {
    return new SmolVLMImageProcessor(parseImageProcessorConfig(json));
  }

  /** From a checkpoint's files. @throws ModelFileError or ConfigError when they are missing or wrong. */
  static async fromPretrained(files: ModelFiles, options?: ReadOptions): Promise<SmolVLMImageProcessor> {
    return new SmolVLMImageProcessor(await readImageProcessorConfig(files, options));
  }

  preprocess(images: ImageInput, options: ImageProcessorOptions = {}): ImageProcessorOutput {
    const resolved = resolveOptions(options, this.config);
    return preprocessImages(images, resolved, {
      resize: (image, size) => resizePixels(image, size, resolved.resample, "pillow"),
      tables: pillowPixelTables,
    });
  }

  getNumberOfImagePatches(height: number, width: number, options: ImageProcessorOptions = {}): ImagePatches {
    return countImagePatches({ width, height }, resolveOptions(options, this.config));
  }
}
