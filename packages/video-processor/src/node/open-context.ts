import type { VideoDecodeContext } from "../decode-context.js";

/** What opening a video in Node needs to know besides the file. */
export interface OpenContext extends VideoDecodeContext {
  /** Paths of the programs, or their names to look for. */
  readonly ffmpeg: string;
  readonly ffprobe: string;
}
