import { MediaError } from "@smolvlm/contracts";

/** How much of a video there is. */
export interface ReadablePart {
  /** How many frames there are. */
  readonly frames: number;
  /** From the start to the last of them. */
  readonly seconds: number;
  /** How long the file says it is; undefined where it does not say. */
  readonly statedSeconds?: number | undefined;
}

/** A video's file ends before the video does. The decoders' `allowTruncated` takes the part that can be read. */
export class TruncatedVideoError extends MediaError {
  static override readonly errorName: string = "TruncatedVideoError";
  /** What there is of the video, as a sentence; the message goes on with what to do. */
  readonly problem: string;
  readonly readable: ReadablePart;

  constructor(media: string, readable: ReadablePart) {
    const { frames, seconds, statedSeconds } = readable;
    const stated = statedSeconds === undefined ? "" : ` of ${statedSeconds.toFixed(1)}`;
    const problem = `ends too early: only ${frames} frames, ${seconds.toFixed(1)}${stated} seconds, can be read.`;
    super(media, `${problem} Get the whole file, or take that part with allowTruncated.`);
    this.problem = problem;
    this.readable = readable;
  }
}
