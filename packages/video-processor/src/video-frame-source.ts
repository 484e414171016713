import type { RawImage, ReadOptions } from "@smolvlm/contracts";

/** What is known of a video, in the reference's terms. */
export interface VideoMetadata {
  /** Frames that can be decoded. */
  readonly totalNumFrames: number;
  /** Average frames a second; absent where frames have no times. Timestamps are `index / fps`. */
  readonly fps?: number | undefined;
  /** Seconds; the reference's decoders say `totalNumFrames / fps`. */
  readonly duration?: number | undefined;
  /** Pixels of a frame as it is decoded; absent where that is not known beforehand. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** What decodes it, such as `ffmpeg`. */
  readonly videoBackend?: string | undefined;
}

/** A video whose frames can be asked for, a few of many, one in memory at a time. Decoders give this. */
export interface VideoFrameSource {
  /** What to call the video in messages: a path, a URL without its query, `bytes`. */
  readonly media: string;
  readonly metadata: VideoMetadata;
  /**
   * The frames with these indices, which must be ascending and below `totalNumFrames`, in that order.

   *
   * @throws MediaError when a frame cannot be decoded; the signal's reason when it aborts.
   */
  frames(indices: readonly number[], options?: ReadOptions): AsyncIterable<RawImage>;
  /** Frees what opening took, such as a temporary file. */
  [Symbol.asyncDispose]?(): Promise<void>;
}

/** Frames that are pixels already. */
export interface FrameSequence {
  /** The frames in order: a list, or anything that can be iterated (once is enough). */
  readonly frames: Iterable<RawImage> | AsyncIterable<RawImage>;
  /** Frames a second. Needed for choosing frames; without it each frame counts as 1/24 second in the prompt, as in the reference. */
  readonly fps?: number | undefined;
  /** How many there are. With it, frames of an iterable are taken one by one; without it, all are held in memory first. */
  readonly totalNumFrames?: number | undefined;
  /** Seconds; by default frames / fps. */
  readonly duration?: number | undefined;
}

/** A video as the processor takes it: frames alone, frames with a frame rate, or a source of frames. */
export type VideoInput = readonly RawImage[] | FrameSequence | VideoFrameSource;

/** What `VideoDecoder.open` takes: a path or URL as text, a `URL`, a file's bytes, or frames. Which of them depends on the platform. */
export type VideoFile = string | URL | Blob | Uint8Array | ArrayBuffer;

/** Opens video files. `./node` and `./web` have one. */
export interface VideoDecoder {
  /** Whether `open` takes this too, besides a `VideoFile`: what only one platform has, such as a `<video>`. */
  accepts?(source: unknown): boolean;
  /**
   * Reads a video's frame table; frames are decoded when they are asked for. Dispose of the result.
   *
   * @throws MediaError when it cannot be fetched or read, is of an unknown kind, or is over a limit.
   */
  open(file: VideoFile, options?: ReadOptions): Promise<VideoFrameSource>;
}
