import { ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import * as v from "valibot";
import { check } from "./check.js";
import { fields, flag, integer, longestEdge, optional, positive, real } from "./fields.js";
import { pixelFields, type ImageProcessorConfig } from "./image-processor-config.js";
import { readJsonFile } from "./json-file.js";
import { isJsonObject } from "./json-object.js";
import { MAX_FRAMES } from "./limits.js";

/** Parameters of the video processor, with the reference's class defaults filled in. Frames are never split. */
export interface VideoProcessorConfig extends Omit<
  ImageProcessorConfig,
  "imageProcessorType" | "doImageSplitting" | "returnRowColInfo"
> {
  /** Whether frames are chosen by `fps` and `numFrames`; the class default is false, and chat templates turn it on. */
  readonly doSampleFrames: boolean;
  /** Most frames of a video, `video_sampling.max_frames`; 64 in all published files. */
  readonly numFrames: number | undefined;
  /** Frames a second, `video_sampling.fps`; 1 in all published files. */
  readonly fps: number | undefined;
  /** Seconds left out at both ends of a long video. */
  readonly skipSecs: number;
}

const schema = fields({
  ...pixelFields,
  size: optional(longestEdge()),
  do_sample_frames: v.nullish(flag(), false),
  num_frames: optional(integer(1, MAX_FRAMES)),
  fps: optional(positive()),
  skip_secs: v.nullish(real(0, 1e6), 1),
  video_sampling: optional(
    fields({
      max_frames: optional(integer(1, MAX_FRAMES)),
      fps: optional(positive()),
      video_size: optional(longestEdge()),
    }),
  ),
});

/**
 * The video processor's parameters from the value of `video_preprocessor_config.json`, of `video_processor` inside
 * `processor_config.json`, or of `preprocessor_config.json`.
 *
 * As in the reference, `size` comes before `video_sampling.video_size` where both are present, so the published files resize frames to
 * a longest edge of 2,048 (not 512) before the final square.
 *
 * @throws ConfigError naming the field, what was expected and what was found.
 */
export function parseVideoProcessorConfig(
  json: unknown,
  file = "video_preprocessor_config.json",
  at = "",
): VideoProcessorConfig {
  const raw = check(schema, json, { file, at });
  return {
    doConvertRgb: raw.do_convert_rgb,
    doResize: raw.do_resize,
    size: raw.size ?? raw.video_sampling?.video_size ?? { longestEdge: 4 * 364 },
    resample: raw.resample,
    maxImageSize: raw.max_image_size,
    doRescale: raw.do_rescale,
    rescaleFactor: raw.rescale_factor,
    doNormalize: raw.do_normalize,
    imageMean: raw.image_mean,
    imageStd: raw.image_std,
    doPad: raw.do_pad,
    doSampleFrames: raw.do_sample_frames,
    numFrames: raw.video_sampling?.max_frames ?? raw.num_frames,
    fps: raw.video_sampling?.fps ?? raw.fps,
    skipSecs: raw.skip_secs,
  };
}

/**
 * The video processor's parameters. As in the reference, `video_processor` inside `processor_config.json` comes first, then
 * `video_preprocessor_config.json`, then `preprocessor_config.json`.
 *
 * @throws ModelFileError when no file has them, ConfigError when a field is wrong.
 */
export async function readVideoProcessorConfig(
  files: ModelFiles,
  options?: ReadOptions,
): Promise<VideoProcessorConfig> {
  const nested = await readJsonFile(files, "processor_config.json", options);
  if (isJsonObject(nested) && nested["video_processor"] !== undefined) {
    return parseVideoProcessorConfig(nested["video_processor"], "processor_config.json", "video_processor");
  }
  for (const file of ["video_preprocessor_config.json", "preprocessor_config.json"]) {
    const flat = await readJsonFile(files, file, options);
    if (flat !== undefined) return parseVideoProcessorConfig(flat, file);
  }
  throw new ModelFileError(
    "video_preprocessor_config.json",
    `${files.id} has neither it nor preprocessor_config.json nor "video_processor" in processor_config.json; it may be a SmolVLM 1, which takes no videos.`,
  );
}
