import { InvalidArgumentError, type RawImage } from "@smolvlm/contracts";
import type { ImageDecoder, ImageSource, OpenedImage } from "@smolvlm/image-processor";
import type { VideoSource } from "../chat/conversation.js";
import { mapConcurrently } from "./map-concurrently.js";
import {
  isPreparedVideo,
  type PreparedVideo,
  type PrepareVideo,
  type StreamedVideo,
  type VideoOptions,
} from "./prepared-video.js";

/** Pictures read at a time: enough to hide the wait for a network, few enough that decoded pixels do not pile up. */
const MAX_CONCURRENT_IMAGES = 4;

/** Videos prepared at a time: each holds a decoder and many frames. */
const MAX_CONCURRENT_VIDEOS = 1;

function isRawImage(source: unknown): source is RawImage {
  return typeof source === "object" && source !== null && "width" in source && "height" in source && "data" in source;
}

function named(source: unknown): string {
  return typeof source === "string" || source instanceof URL ? JSON.stringify(String(source).slice(0, 100)) : "it";
}

async function mapNested<T, R>(
  nested: readonly (readonly T[])[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[][]> {
  const flat = await mapConcurrently(nested.flat(1) as T[], limit, signal, work);
  let next = 0;
  return nested.map((list) => flat.slice(next, (next += list.length)));
}

/**
 * Each picture: its pixels, or with `lazily` one still to be decoded, where the decoder can do that later. What is pixels already needs no
 * decoder.
 *
 * @throws InvalidArgumentError when a decoder is needed and missing, and whatever the decoder throws.
 */
export function loadImages(
  images: readonly (readonly ImageSource[])[],
  decoder: ImageDecoder | undefined,
  signal: AbortSignal | undefined,
  lazily: boolean,
): Promise<(RawImage | OpenedImage)[][]> {
  return mapNested<ImageSource, RawImage | OpenedImage>(images, MAX_CONCURRENT_IMAGES, signal, async (source, stop) => {
    if (isRawImage(source)) return source;
    const options = { signal: stop };
    if (decoder) return (lazily && decoder.open?.(source, options)) || decoder.decode(source, options);
    throw new InvalidArgumentError({
      argument: "decoders.image",
      expected: `an ImageDecoder, to read ${named(source)}`,
      found: "none",
    });
  });
}

/**
 * The frames of each video. What is prepared already needs no preparation.
 *
 * @throws InvalidArgumentError when preparation is needed and no function does it, and whatever that function throws.
 */
export function loadVideos(
  videos: readonly (readonly VideoSource[])[],
  prepare: PrepareVideo | undefined,
  options: {
    readonly signal: AbortSignal | undefined;
    readonly stream: boolean;
    readonly videoOptions: VideoOptions | undefined;
  },
): Promise<(PreparedVideo | StreamedVideo)[][]> {
  const { stream, videoOptions } = options;
  return mapNested(videos, MAX_CONCURRENT_VIDEOS, options.signal, async (source, signal) => {
    if (isPreparedVideo(source)) return source;
    if (prepare !== undefined) return prepare(source, { signal, stream, videoOptions });
    throw new InvalidArgumentError({
      argument: "prepareVideo",
      expected: `a function that prepares ${named(source)}`,
      found: "none",
    });
  });
}
