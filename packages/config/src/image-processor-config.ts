import { ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import * as v from "valibot";
import { check } from "./check.js";
import { fields, flag, integer, longestEdge, optional, perChannel, positive, real, text } from "./fields.js";
import { readJsonFile } from "./json-file.js";
import { isJsonObject } from "./json-object.js";

/** Parameters of the image processor, with the reference's class defaults filled in. */
export interface ImageProcessorConfig {
  /** Name of the Python class that wrote the file: `SmolVLMImageProcessor`, `Idefics3ImageProcessorFast`, and so on. */
  readonly imageProcessorType: string;
  readonly doConvertRgb: boolean;
  /** Whether the longest edge is scaled to `size` first (up as well as down). */
  readonly doResize: boolean;
  /** Pixels of the longest edge before splitting. */
  readonly size: { readonly longestEdge: number };
  /** Pillow's number of the filter: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box, 5 Hamming. */
  readonly resample: number;
  /** Whether a picture becomes tiles and a global view, or the global view alone. */
  readonly doImageSplitting: boolean;
  /** Side of a tile in pixels. */
  readonly maxImageSize: { readonly longestEdge: number };
  readonly doRescale: boolean;
  /** What pixel values 0–255 are multiplied by. */
  readonly rescaleFactor: number;
  readonly doNormalize: boolean;
  /** Subtracted from each channel after rescaling. */
  readonly imageMean: readonly [number, number, number];
  /** Each channel is divided by it after the mean was subtracted. */
  readonly imageStd: readonly [number, number, number];
  /** Whether samples are padded to the same number of frames. */
  readonly doPad: boolean;
  /** Whether the grid of each picture is returned beside the pixels. */
  readonly returnRowColInfo: boolean;
}

/** Fields that the image and the video processor share. @internal */
export const pixelFields = {
  do_convert_rgb: v.nullish(flag(), true),
  do_resize: v.nullish(flag(), true),
  size: v.nullish(longestEdge(), { longest_edge: 4 * 364 }),
  resample: v.nullish(integer(0, 5), 1),
  max_image_size: v.nullish(longestEdge(), { longest_edge: 364 }),
  do_rescale: v.nullish(flag(), true),
  rescale_factor: v.nullish(positive(), 1 / 255),
  do_normalize: v.nullish(flag(), true),
  image_mean: v.nullish(perChannel(real(-1e6, 1e6)), [0.5, 0.5, 0.5]),
  image_std: v.nullish(perChannel(positive()), [0.5, 0.5, 0.5]),
  do_pad: v.nullish(flag(), true),
};

const schema = fields({
  ...pixelFields,
  image_processor_type: optional(text()),
  do_image_splitting: v.nullish(flag(), true),
  return_row_col_info: v.nullish(flag(), false),
});

/**
 * The image processor's parameters from the value of `preprocessor_config.json`, or of `image_processor` inside
 * `processor_config.json`. Missing fields, and null, have the class defaults.
 *
 * @throws ConfigError naming the field, what was expected and what was found.
 */
export function parseImageProcessorConfig(
  json: unknown,
  file = "preprocessor_config.json",
  at = "",
): ImageProcessorConfig {
  const raw = check(schema, json, { file, at });
  return {
    imageProcessorType: raw.image_processor_type ?? "SmolVLMImageProcessor",
    doConvertRgb: raw.do_convert_rgb,
    doResize: raw.do_resize,
    size: raw.size,
    resample: raw.resample,
    doImageSplitting: raw.do_image_splitting,
    maxImageSize: raw.max_image_size,
    doRescale: raw.do_rescale,
    rescaleFactor: raw.rescale_factor,
    doNormalize: raw.do_normalize,
    imageMean: raw.image_mean,
    imageStd: raw.image_std,
    doPad: raw.do_pad,
    returnRowColInfo: raw.return_row_col_info,
  };
}

/**
 * The image processor's parameters. As in the reference, `image_processor` inside `processor_config.json` (transformers 5) comes
 * before `preprocessor_config.json` (transformers 4).
 *
 * @throws ModelFileError when no file has them, ConfigError when a field is wrong.
 */
export async function readImageProcessorConfig(
  files: ModelFiles,
  options?: ReadOptions,
): Promise<ImageProcessorConfig> {
  const nested = await readJsonFile(files, "processor_config.json", options);
  if (isJsonObject(nested) && nested["image_processor"] !== undefined) {
    return parseImageProcessorConfig(nested["image_processor"], "processor_config.json", "image_processor");
  }
  const flat = await readJsonFile(files, "preprocessor_config.json", options);
  if (flat !== undefined) return parseImageProcessorConfig(flat);
  throw new ModelFileError(
    "preprocessor_config.json",
    `${files.id} has neither it nor "image_processor" in processor_config.json; one of them must say how pictures are resized.`,
  );
}
