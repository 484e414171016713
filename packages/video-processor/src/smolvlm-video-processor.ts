import { parseVideoProcessorConfig, readVideoProcessorConfig, type VideoProcessorConfig } from "@smolvlm/config";
import {
  InvalidArgumentError,
  MediaError,
  tensor,
  type ModelFiles,
  type RawImage,
  type ReadOptions,
  type Tensor,
} from "@smolvlm/contracts";
import { openFrames } from "./open-frames.js";
import { frameProcessor } from "./process-frame.js";
import { frameIndicesAt, sampleFrameIndices } from "./sample-frame-indices.js";
import type { VideoFrameSource, VideoInput, VideoMetadata } from "./video-frame-source.js";
import {
  resolveVideoOptions,
  type ResolvedVideoOptions,
  type VideoProcessorOptions,
  type VideoSampling,
} from "./video-processor-options.js";

/** Which frames were taken of a video, and what is known of it. */
export interface SampledFrames {
  readonly metadata: VideoMetadata;
  /** Index of each frame taken, ascending. */
  readonly frameIndices: readonly number[];
  /** Seconds of each frame: index / fps; 1/24 second for each frame where the rate is unknown. */
  readonly timestamps: readonly number[];
  /** Length of the video in seconds, where it is known. */
  readonly duration?: number | undefined;
}

/** A video whose frames are made ready one by one. */
export interface FrameStream extends SampledFrames {
  /** One frame [3, M, M] after the other; iterate once. With `doResize: false`, [3, height, width]. */
  readonly frames: AsyncIterable<Tensor<"float32">>;
}

/** A video whose frames are ready; what `SmolVLMProcessor` of `@smolvlm/processor` takes as a video. */
export interface PreparedFrames extends SampledFrames {
  /** Frames [frames, 3, M, M], normalised. */
  readonly pixelValues: Tensor<"float32">;
}

/** What the model takes, under the reference's names. M is `maxImageSize.longestEdge`. */
export interface VideoProcessorOutput {
  /** Frames [videos, frames, 3, M, M]; missing frames of shorter videos are all 0. */
  readonly pixelValues: Tensor<"float32">;
  /**
   * 1 where a video has a frame [videos, frames, M, M]; absent with `doPad: false`. The reference leaves 1 on missing frames too, and
   * drops them later because they are all 0.
   */
  readonly pixelAttentionMask?: Tensor<"bool"> | undefined;
  /** Of each video, what was taken. */
  readonly videos: readonly SampledFrames[];
}

/** Options of one call. */
export interface VideoCallOptions extends VideoProcessorOptions, ReadOptions {}

/** Most values in `pixelValues`: 8 GiB of float32, beyond which engines refuse the array with a message that helps nobody. */
const MAX_PIXEL_VALUES = 2 ** 31;

/** The rate that the reference assumes for frames without one. */
const ASSUMED_FPS = 24;

interface Opened extends SampledFrames {
  readonly source: VideoFrameSource;
}

function isRawImage(value: unknown): value is RawImage {
  return typeof value === "object" && value !== null && "data" in value && "width" in value;
}

/** Where frames of one size go, one after the other; the memory is taken when the first one is there. */
class FrameBuffer {
  #values: Float32Array | undefined;
  #dims: readonly [number, number] = [0, 0];

  constructor(readonly frames: number) {}

  set(at: number, frame: Tensor<"float32">): void {
    const [, height = 0, width = 0] = frame.dims;
    const size = 3 * height * width;
    if (this.#values === undefined) {
      if (this.frames * size > MAX_PIXEL_VALUES) {
        const found = `${this.frames} frames of ${width}×${height} pixels; take fewer with numFrames`;
        throw new InvalidArgumentError({ argument: "videos", expected: `at most ${MAX_PIXEL_VALUES} values`, found });
      }
      this.#values = new Float32Array(this.frames * size);
      this.#dims = [height, width];
    }
    const [expectedHeight, expectedWidth] = this.#dims;
    if (height !== expectedHeight || width !== expectedWidth) {
      const expected = `frames of one size (${expectedWidth}×${expectedHeight}), or doResize: true`;
      throw new InvalidArgumentError({ argument: "videos", expected, found: `${width}×${height}` });
    }
    this.#values.set(frame.data, at * size);
  }

  get values(): Float32Array {
    return this.#values ?? new Float32Array(0);
  }

  /** Height and width. */
  get dims(): readonly [number, number] {
    return this.#dims;
  }
}

/**
 * Videos to the model's frames as the reference's video processor makes them, bit for bit: frames chosen by the frame rate, each
 * resized to `size`, then to one square of `maxImageSize` (never tiled), in torchvision's arithmetic.
 */
export class SmolVLMVideoProcessor {
  readonly config: ResolvedVideoOptions;

  /**
   * @param options what differs from the class defaults of the reference; a published checkpoint needs `fromPretrained` or its config.
   * @throws InvalidArgumentError for a value of the wrong type or range.
   */
  constructor(options: VideoProcessorOptions | VideoProcessorConfig = {}) {
    this.config = resolveVideoOptions(options);
  }

  /** From the value of a checkpoint's `preprocessor_config.json`, in snake_case. @throws ConfigError naming the field. */
  static fromConfig(json: unknown): SmolVLMVideoProcessor {
    return new SmolVLMVideoProcessor(parseVideoProcessorConfig(json));
  }

  /** From a checkpoint's files. @throws ModelFileError or ConfigError when they are missing or wrong. */
  static async fromPretrained(files: ModelFiles, options?: ReadOptions): Promise<SmolVLMVideoProcessor> {
    return new SmolVLMVideoProcessor(await readVideoProcessorConfig(files, options));
  }

  /**
   * The indices of the frames to take of a video.
   *
   * @throws InvalidArgumentError when the video's frame rate is unknown, or a number is out of range.
   */
  sampleFrames(metadata: VideoMetadata, sampling: VideoSampling = {}): number[] {
    const { fps, totalNumFrames } = metadata;
    if (fps === undefined) {
      const expected = "the video's frames a second, which choosing frames needs, or doSampleFrames: false";
      throw new InvalidArgumentError({ argument: "fps", expected, found: "none" });
    }
    if (sampling.timestamps !== undefined) return frameIndicesAt(sampling.timestamps, { fps, totalNumFrames });
    const {
      fps: wantedFps = this.config.fps,
      numFrames = this.config.numFrames,
      skipSecs = this.config.skipSecs,
    } = sampling;
    return sampleFrameIndices({ ...metadata, fps }, { fps: wantedFps, numFrames, skipSecs });
  }

  /**
   * Frames of one video, made ready one at a time: at no time is more than one in memory. Frames are chosen unless `doSampleFrames` is
   * false.
   *
   * @throws InvalidArgumentError for wrong options or no frame; MediaError (while iterating) when a frame cannot be decoded.
   */
  async stream(video: VideoInput, options: VideoCallOptions = {}): Promise<FrameStream> {
    const { signal, doSampleFrames = true, ...rest } = options;
    const resolved = resolveVideoOptions({ ...rest, doSampleFrames }, this.config);
    const { source, ...sampled } = await this.#open(video, options, resolved);
    return { ...sampled, frames: this.#process({ source, ...sampled }, resolved, signal) };
  }

  /**
   * All frames of one video, ready for `SmolVLMProcessor`. Frames are chosen unless `doSampleFrames` is false.
   *
   * @throws what {@link SmolVLMVideoProcessor.stream} throws.
   */
  async prepare(video: VideoInput, options: VideoCallOptions = {}): Promise<PreparedFrames> {
    const { frames, ...sampled } = await this.stream(video, options);
    const buffer = new FrameBuffer(sampled.frameIndices.length);
    let at = 0;
    for await (const frame of frames) buffer.set(at++, frame);
    return { ...sampled, pixelValues: tensor("float32", [at, 3, ...buffer.dims], buffer.values) };
  }

  /**
   * Videos to the model's tensors, as the reference's `preprocess`: all frames are taken unless `doSampleFrames` is set. A list of
   * pictures is one video.
   *
   * @throws InvalidArgumentError for wrong options, malformed or no frames, or frames that cannot be stacked; MediaError when a frame
   * cannot be decoded.
   */
  async preprocess(
    videos: VideoInput | readonly VideoInput[],
    options: VideoCallOptions = {},
  ): Promise<VideoProcessorOutput> {
    const { signal, ...rest } = options;
    const resolved = resolveVideoOptions(rest, this.config);
    const list =
      Array.isArray(videos) && !isRawImage(videos[0]) ? (videos as readonly VideoInput[]) : [videos as VideoInput];
    if (list.length === 0)
      throw new InvalidArgumentError({ argument: "videos", expected: "at least one video", found: "none" });
    const opened: Opened[] = [];
    for (const video of list) opened.push(await this.#open(video, options, resolved));
    const counts = opened.map(({ frameIndices }) => frameIndices.length);
    const longest = Math.max(...counts);
    if (!resolved.doPad && counts.some((count) => count !== longest)) {
      throw new InvalidArgumentError({
        argument: "videos",
        expected: "the same number of frames in every video, or doPad: true",
        found: `${counts.join(", ")} frames`,
      });
    }
    const buffer = new FrameBuffer(list.length * longest);
    for (const [v, video] of opened.entries()) {
      let at = v * longest;
      for await (const frame of this.#process(video, resolved, signal)) buffer.set(at++, frame);
    }
    const [height, width] = buffer.dims;
    const mask = new Uint8Array(resolved.doPad ? list.length * longest * height * width : 0);
    if (resolved.doPad) {
      counts.forEach((count, v) => mask.fill(1, v * longest * height * width, (v * longest + count) * height * width));
    }
    return {
      pixelValues: tensor("float32", [list.length, longest, 3, height, width], buffer.values),
      ...(resolved.doPad && { pixelAttentionMask: tensor("bool", [list.length, longest, height, width], mask) }),
      videos: opened.map(({ source: _, ...sampled }) => sampled),
    };
  }

  async #open(video: VideoInput, options: VideoCallOptions, resolved: ResolvedVideoOptions): Promise<Opened> {
    const source = await openFrames(video, { signal: options.signal });
    const { metadata } = source;
    const frameIndices = resolved.doSampleFrames
      ? this.sampleFrames(metadata, { ...resolved, timestamps: options.timestamps })
      : Array.from({ length: metadata.totalNumFrames }, (_, index) => index);
    const timestamps = frameIndices.map((index) => index / (metadata.fps ?? ASSUMED_FPS));
    return { source, metadata, frameIndices, timestamps, duration: metadata.duration };
  }

  async *#process(
    video: Opened,
    options: ResolvedVideoOptions,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Tensor<"float32">> {
    const process = frameProcessor(options);
    let done = 0;
    for await (const frame of video.source.frames(video.frameIndices, { signal })) {
      signal?.throwIfAborted();
      const { width, height, values } = process(frame, video.frameIndices[done++] ?? 0);
      yield tensor("float32", [3, height, width], values);
    }
    if (done < video.frameIndices.length) {
      const wanted = `${video.frameIndices.length} frames were wanted`;
      throw new MediaError(
        video.source.media,
        `only ${done} of them could be read, though ${wanted}; the file is damaged.`,
      );
    }
  }
}
