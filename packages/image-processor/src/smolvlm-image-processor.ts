import { parseImageProcessorConfig, readImageProcessorConfig } from "@smolvlm/config";
import type { ModelFiles, RawImage, ReadOptions } from "@smolvlm/contracts";
import { countImagePatches, type ImagePatches, type ImageProcessor } from "./image-processor.js";
import { resolveOptions, type ImageProcessorOptions, type ResolvedOptions } from "./image-processor-options.js";
import { pillowPixelTables } from "./pixel-table.js";
import {
  preprocessImages,
  streamImage,
  type Flavour,
  type ImageFrames,
  type ImageInput,
  type ImageProcessorOutput,
} from "./preprocess.js";
import { resizePixels, rowResizer } from "./resample/resize-pixels.js";

function flavourOf({ resample }: ResolvedOptions): Flavour {
  return {
    resize: (image, size) => resizePixels(image, size, resample, "pillow"),
    rows: (image, size) => rowResizer(image, size, resample, "pillow"),
    tables: pillowPixelTables,
  };
}

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
    return preprocessImages(images, resolved, flavourOf(resolved));
  }

  stream(image: RawImage, options: ImageProcessorOptions = {}): ImageFrames {
    const resolved = resolveOptions(options, this.config);
    return streamImage(image, resolved, flavourOf(resolved));
  }

  getNumberOfImagePatches(height: number, width: number, options: ImageProcessorOptions = {}): ImagePatches {
    return countImagePatches({ width, height }, resolveOptions(options, this.config));
  }
}
