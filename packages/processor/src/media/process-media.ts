import { InvalidArgumentError, type FrameFeed, type RawImage, type Tensor } from "@smolvlm/contracts";
import type {
  ImageProcessor,
  ImageProcessorOptions,
  ImageProcessorOutput,
  OpenedImage,
} from "@smolvlm/image-processor";
import type { MediaKind } from "../prompt/expand-placeholders.js";
import { imagePrompt } from "../prompt/image-prompt.js";
import type { MediaTokens } from "../prompt/media-tokens.js";
import { videoPrompt } from "../prompt/video-prompt.js";
import { assembleFrames, type FrameBlock } from "./assemble-frames.js";
import { feedFrames, type StreamBlock } from "./feed-frames.js";
import type { openedFrames } from "./opened-frames.js";
import { isPreparedVideo, type PreparedVideo, type StreamedVideo } from "./prepared-video.js";

/** The media of a call, one list for each sample; undefined where there are none of a kind. */
export interface Media {
  /** Pixels, and with `stream` also pictures that are still to be decoded. */
  readonly images: readonly (readonly (RawImage | OpenedImage)[])[] | undefined;
  readonly videos: readonly (readonly (PreparedVideo | StreamedVideo)[])[] | undefined;
}

/** How media become frames and text. */
export interface MediaContext {
  readonly imageProcessor: ImageProcessor;
  readonly imageOptions: ImageProcessorOptions | undefined;
  readonly imageSeqLen: number;
  readonly tokens: MediaTokens;
  /** Whether frames of pictures are made one by one, while they are taken. */
  readonly stream: boolean;
  /** What decodes pictures later, where some are still to be decoded; and what stops it. */
  readonly openedFrames: typeof openedFrames | undefined;
  readonly signal: AbortSignal | undefined;
  /** Whether every video announces the frames of the longest one of the batch, as the reference does. */
  readonly announceLongestVideo: boolean;
}

/** Frames of a batch, under the reference's names. */
export interface PixelInputs {
  /**
   * Frames [samples, frames, 3, M, M], those of a sample in the order of its text; missing frames are all 0. Where there are videos and no
   * pictures, [videos, frames, 3, M, M].
   */
  readonly pixelValues: Tensor<"float32">;
  /** 1 where a frame has pixels [samples or videos, frames, M, M]; absent where the image processor does not pad. */
  readonly pixelAttentionMask?: Tensor<"bool"> | undefined;
}

/** The same frames one by one. */
export interface FedInputs {
  readonly frames: FrameFeed;
}

/** The text and the frames of all media. */
export interface ProcessedMedia {
  /** The text of each medium, in the order of its sample. */
  readonly prompts: readonly (readonly string[])[];
  /** How many frames each has. */
  readonly frameCounts: readonly (readonly number[])[];
  /** The frames, where there are any. */
  readonly pixels: PixelInputs | FedInputs | undefined;
}

/** One medium of a sample: its text, and its frames. */
type Block = (FrameBlock | StreamBlock) & { readonly prompt: string };

/**
 * The text and the frames of all media.
 *
 * @param order for each sample, the kinds of its media as they stand in the text; counts agree with `media`
 */
export function processMedia(
  order: readonly (readonly MediaKind[])[],
  media: Media,
  context: MediaContext,
): ProcessedMedia {
  const some = (lists: readonly (readonly unknown[])[] | undefined) => lists?.some((list) => list.length > 0) === true;
  const pictures = media.images !== undefined && some(media.images) ? media.images : undefined;
  const output =
    pictures && !context.stream
      ? context.imageProcessor.preprocess(pictures as readonly (readonly RawImage[])[], {
          ...context.imageOptions,
          returnRowColInfo: true,
        })
      : undefined;
  const images = output ? imageBlocks(output, context) : (pictures?.map((list) => streamBlocks(list, context)) ?? []);
  if (media.videos === undefined || !some(media.videos)) {
    const samples = order.map((_, s) => images[s] ?? []);
    if (pictures && !output) return { ...textOf(samples), pixels: { frames: feedFrames(samples) } };
    const { pixelValues, pixelAttentionMask } = output ?? {};
    return { ...textOf(samples), pixels: pixelValues && { pixelValues, pixelAttentionMask } };
  }
  const videos = videoBlocks(media.videos, context);
  const samples = order.map((kinds, s) => {
    const next = { image: [...(images[s] ?? [])], video: [...(videos[s] ?? [])] };
    return kinds.flatMap((kind) => next[kind].shift() ?? []);
  });
  const text = textOf(samples);
  const whole = samples.map((blocks) => blocks.filter((block) => "values" in block));
  if (samples.some((blocks, s) => blocks.length > (whole[s] ?? []).length)) {
    return { ...text, pixels: { frames: feedFrames(samples) } };
  }
  const dims = (output?.pixelValues ?? media.videos.flat(1).find(isPreparedVideo)?.pixelValues)?.dims.slice(-3) ?? [];
  const frameDims = [dims[0] ?? 0, dims[1] ?? 0, dims[2] ?? 0] as const;
  // Without pictures the leading axis counts videos, as in the reference; the model reads frames in order and does not care.
  const grouped = output === undefined ? whole.flat(1).map((block) => [block]) : whole;
  const pixels = assembleFrames(grouped, frameDims);
  // The reference leaves the mask of missing frames of shorter videos at 1; whoever wants its inputs gets that too.
  if (output === undefined && context.announceLongestVideo) pixels.pixelAttentionMask.data.fill(1);
  return { ...text, pixels };
}

function textOf(samples: readonly (readonly Block[])[]): Pick<ProcessedMedia, "prompts" | "frameCounts"> {
  return {
    prompts: samples.map((blocks) => blocks.map(({ prompt }) => prompt)),
    frameCounts: samples.map((blocks) => blocks.map(({ frames }) => frames)),
  };
}

/** Pictures that are decoded, and whose frames are resized, while the model takes the ones before them. */
function streamBlocks(images: readonly (RawImage | OpenedImage)[], context: MediaContext): readonly Block[] {
  return images.map((image) => {
    const { rows, cols, count, frames } =
      context.openedFrames?.(image, context) ?? context.imageProcessor.stream(image as RawImage, context.imageOptions);
    return { prompt: imagePrompt({ ...context, rows, cols }), frames: count, stream: { frames } };
  });
}

function imageBlocks(output: ImageProcessorOutput, context: MediaContext): readonly (readonly Block[])[] {
  const { dims, data } = output.pixelValues;
  const [, framesOfSample = 0, channels = 0, height = 0, width = 0] = dims;
  const size = channels * height * width;
  return (output.rows ?? []).map((sample, s) => {
    let frame = s * framesOfSample;
    return sample.map((rows, i) => {
      const cols = output.cols?.[s]?.[i] ?? 0;
      const frames = rows * cols + 1;
      const values = data.subarray(frame * size, (frame + frames) * size);
      frame += frames;
      return { prompt: imagePrompt({ ...context, rows, cols }), frames, values, dims: [channels, height, width] };
    });
  });
}

function videoBlocks(
  videos: readonly (readonly (PreparedVideo | StreamedVideo)[])[],
  context: MediaContext,
): readonly (readonly Block[])[] {
  const longest = Math.max(...videos.flat(1).map((video) => video.timestamps.length));
  return videos.map((sample) =>
    sample.map((video) => {
      const { timestamps, duration } = video;
      const prompt = (frameCount: number): string =>
        videoPrompt({
          ...context,
          timestamps,
          duration,
          frameCount: context.announceLongestVideo ? longest : frameCount,
        });
      if (!isPreparedVideo(video)) {
        return { prompt: prompt(timestamps.length), frames: timestamps.length, stream: video };
      }
      const { pixelValues } = video;
      const frames = pixelValues.dims[0] ?? 0;
      if (pixelValues.dims.length !== 4 || frames !== timestamps.length) {
        const found = `shape [${pixelValues.dims.join(", ")}]`;
        throw new InvalidArgumentError({
          argument: "videos",
          expected: `pixelValues of [${timestamps.length}, 3, M, M]`,
          found,
        });
      }
      return { prompt: prompt(frames), frames, values: pixelValues.data, dims: pixelValues.dims.slice(1) };
    }),
  );
}
