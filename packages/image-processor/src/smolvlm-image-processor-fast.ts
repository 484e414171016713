import { parseImageProcessorConfig, readImageProcessorConfig } from "@smolvlm/config";
import { InvalidArgumentError, type ModelFiles, type RawImage, type ReadOptions } from "@smolvlm/contracts";
import { countImagePatches, type ImagePatches, type ImageProcessor } from "./image-processor.js";
import { resolveOptions, type ImageProcessorOptions, type ResolvedOptions } from "./image-processor-options.js";
import { torchvisionPixelTables } from "./pixel-table.js";
import {
  preprocessImages,
  streamImage,
  type Flavour,
  type ImageFrames,
  type ImageInput,
  type ImageProcessorOutput,
} from "./preprocess.js";
import { Resample } from "./resample/filter.js";
import { resizePixels, rowResizer } from "./resample/resize-pixels.js";

/**
 * Which stack's pixels `SmolVLMImageProcessorFast` gives:
 * - `transformers-5`: transformers 5 with torchvision 0.27 or newer on a CPU. The filter of the config, on 8-bit pixels.
 * - `transformers-5-bicubic`: transformers 5 with an older torchvision. LANCZOS becomes BICUBIC, on 8-bit pixels.
 * - `transformers-4`: the fast processor of transformers 4.57. LANCZOS becomes BICUBIC, in float32, rounded once a resize.
 */
export type FastFlavour = "transformers-5" | "transformers-5-bicubic" | "transformers-4";

/** How each flavour resizes. */
const FLAVOURS = {
  "transformers-5": { arithmetic: "torchvision", lanczos: Resample.LANCZOS },
  "transformers-5-bicubic": { arithmetic: "torchvision", lanczos: Resample.BICUBIC },
  "transformers-4": { arithmetic: "torchvision-float32", lanczos: Resample.BICUBIC },
} as const;

/** Options of `SmolVLMImageProcessorFast`. */
export interface FastImageProcessorOptions extends ImageProcessorOptions {
  /** Default `transformers-5`. */
  readonly flavour?: FastFlavour | undefined;
}

function flavourOf(value: FastFlavour): FastFlavour {
  if (Object.hasOwn(FLAVOURS, value)) return value;
  throw new InvalidArgumentError({
    argument: "flavour",
    expected: Object.keys(FLAVOURS).join(" or "),
    found: String(value),
  });
}

/**
 * Pictures to the model's frames as the reference's torchvision processors make them, bit for bit: what `AutoImageProcessor` of
 * transformers 5 gives where torchvision is installed, and `SmolVLMImageProcessorFast` of transformers 4. It is not faster here than
 * `SmolVLMImageProcessor`; the name is the reference's.
 */
export class SmolVLMImageProcessorFast implements ImageProcessor {
  readonly config: ResolvedOptions;
  /** Whose pixels these are. */
  readonly flavour: FastFlavour;

  /**
   * @param options what differs from the class defaults of the reference; a published checkpoint needs `fromPretrained` or its config.
   * @throws InvalidArgumentError for a value of the wrong type or range.
   */
  constructor(options: FastImageProcessorOptions = {}) {
    const { flavour = "transformers-5", ...rest } = options;
    this.config = resolveOptions(rest);
    this.flavour = flavourOf(flavour);
  }

  /** From the value of a checkpoint's `preprocessor_config.json`, in snake_case. @throws ConfigError naming the field. */
  static fromConfig(
    json: unknown,
    options: { readonly flavour?: FastFlavour | undefined } = {},
  ): SmolVLMImageProcessorFast {
    return new SmolVLMImageProcessorFast({ ...parseImageProcessorConfig(json), flavour: options.flavour });
  }

  /** From a checkpoint's files. @throws ModelFileError or ConfigError when they are missing or wrong. */
  static async fromPretrained(
    files: ModelFiles,
    options: ReadOptions & { readonly flavour?: FastFlavour | undefined } = {},
  ): Promise<SmolVLMImageProcessorFast> {
    const config = await readImageProcessorConfig(files, options);
    return new SmolVLMImageProcessorFast({ ...config, flavour: options.flavour });
  }

  preprocess(images: ImageInput, options: FastImageProcessorOptions = {}): ImageProcessorOutput {
    const { resolved, flavour } = this.#resolve(options);
    return preprocessImages(images, resolved, flavour);
  }

  stream(image: RawImage, options: FastImageProcessorOptions = {}): ImageFrames {
    const { resolved, flavour } = this.#resolve(options);
    return streamImage(image, resolved, flavour);
  }

  getNumberOfImagePatches(height: number, width: number, options: ImageProcessorOptions = {}): ImagePatches {
    return countImagePatches({ width, height }, resolveOptions(options, this.config));
  }

  #resolve(options: FastImageProcessorOptions): { readonly resolved: ResolvedOptions; readonly flavour: Flavour } {
    const { flavour = this.flavour, ...rest } = options;
    const { arithmetic, lanczos } = FLAVOURS[flavourOf(flavour)];
    const resolved = resolveOptions(rest, this.config);
    const resample = resolved.resample === Resample.LANCZOS ? lanczos : resolved.resample;
    return {
      resolved,
      flavour: {
        resize: (image, size) => resizePixels(image, size, resample, arithmetic),
        rows: (image, size) => rowResizer(image, size, resample, arithmetic),
        tables: torchvisionPixelTables,
      },
    };
  }
}
