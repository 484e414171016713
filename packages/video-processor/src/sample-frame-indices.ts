import { InvalidArgumentError } from "@smolvlm/contracts";

/** What sampling needs to know of a video. */
export interface SampledVideo {
  /** Frames of the video, at least 1. */
  readonly totalNumFrames: number;
  /** Frames a second of the video. */
  readonly fps: number;
  /** Length in seconds; `totalNumFrames / fps` when absent. */
  readonly duration?: number | undefined;
}

/** How frames are chosen. */
export interface FrameSampling {
  /** Most frames to choose. */
  readonly numFrames: number;
  /** Frames wanted for each second of the video. */
  readonly fps: number;
  /** Seconds left out at both ends of a long video; 0 for none. */
  readonly skipSecs: number;
}

/** Python's `round`: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** NumPy's `linspace(start, end, count, dtype=int)` for 0 ≤ start ≤ end. Not `floor(i · (end − start) / (count − 1))`, which differs. */
function integerLinspace(start: number, end: number, count: number): number[] {
  const step = (end - start) / (count - 1);
  return Array.from({ length: count }, (_, i) =>
    i > 0 && i === count - 1 ? end : Math.floor(i === 0 ? start : i * step + start),
  );
}

function check(argument: string, value: number, least: number, whole: boolean): void {
  const fits = Number.isFinite(value) && value >= least && (!whole || Number.isInteger(value));
  if (fits) return;
  const expected = `a ${whole ? "whole " : ""}number from ${least}`;
  throw new InvalidArgumentError({ argument, expected, found: String(value) });
}

/**
 * The indices of the frames that the reference chooses, ascending and without duplicates, at least one.
 *
 * As many frames as `fps` asks for in the video's duration (rounded, halves to even), at most `numFrames`, spread evenly from the first
 * to the last frame. When the duration less twice `skipSecs` is greater than `numFrames · fps` (the reference compares seconds with
 * frames · frames/second; for 64, 1 and 1: above 66 seconds), `skipSecs` are left out at both ends.
 *
 * @throws InvalidArgumentError for a number out of range.
 */
export function sampleFrameIndices(video: SampledVideo, sampling: FrameSampling): number[] {
  const { totalNumFrames } = video;
  check("metadata.totalNumFrames", totalNumFrames, 1, true);
  check("metadata.fps", video.fps, 0, false);
  check("numFrames", sampling.numFrames, 1, true);
  check("fps", sampling.fps, 0, false);
  check("skipSecs", sampling.skipSecs, 0, false);
  const duration = video.duration ?? totalNumFrames / video.fps;
  check("metadata.duration", duration, 0, false);

  const { numFrames, fps, skipSecs } = sampling;
  const desired = Math.max(Math.min(roundHalfEven(fps * duration), numFrames), 1);
  const last = totalNumFrames - 1;
  let start = 0;
  let end = last;
  if (skipSecs > 0 && duration - 2 * skipSecs > numFrames * fps) {
    start = Math.trunc(skipSecs * video.fps);
    end = Math.min(Math.trunc(totalNumFrames - skipSecs * video.fps), last);
  }
  if (start >= end) {
    start = 0;
    end = last;
  }
  return [...new Set(integerLinspace(start, end, desired))];
}

/**
 * The indices of the frames that are shown at given times in seconds, ascending and without duplicates. Times beyond the end mean the
 * last frame.
 *
 * @throws InvalidArgumentError when there is no time, or one is negative or not finite.
 */
export function frameIndicesAt(
  timestamps: readonly number[],
  video: Pick<SampledVideo, "totalNumFrames" | "fps">,
): number[] {
  if (timestamps.length === 0)
    throw new InvalidArgumentError({ argument: "timestamps", expected: "at least one time", found: "none" });
  for (const seconds of timestamps) check("timestamps", seconds, 0, false);
  // A time that was computed as index / fps must give that index again; 0.29 · 100 is 28.999….
  const indices = timestamps.map((seconds) =>
    Math.min(Math.floor(seconds * video.fps + 1e-6), video.totalNumFrames - 1),
  );
  return [...new Set(indices)].sort((a, b) => a - b);
}
