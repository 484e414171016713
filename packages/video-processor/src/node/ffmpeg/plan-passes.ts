import type { ProbedVideo } from "./probe-video.js";

/** One run of ffmpeg: where it starts, and which frames it gives. */
export interface Pass {
  /** Presentation time of the key frame to start from; undefined for the start of the file. */
  readonly start: number | undefined;
  readonly indices: readonly number[];
}

/** What starting ffmpeg costs, in pixels that it could decode meanwhile: a tenth of a second. */
const START_PIXELS = 6e7;

/** The position of the last of `sorted` that is not above `value`, or −1. */
function lastUpTo(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * How to get frames with the least decoding: one pass from the start of the file, or one from each key frame before a wanted frame.
 *
 * @param indices ascending
 */
export function planPasses(video: ProbedVideo, indices: readonly number[]): Pass[] {
  const { times, keyTimes } = video;
  const whole: Pass = { start: undefined, indices };
  const last = indices.at(-1);
  if (last === undefined) return [];
  if (times === undefined || !video.seekable) return [whole];
  const runs = new Map<number, number[]>();
  for (const index of indices) {
    const key = lastUpTo(keyTimes, times[index] as number);
    const run = runs.get(key);
    if (run) run.push(index);
    else runs.set(key, [index]);
  }
  const startCost = START_PIXELS / (video.width * video.height);
  let cost = 0;
  const passes: Pass[] = [];
  for (const [key, run] of runs) {
    if (key < 0) return [whole];
    const start = keyTimes[key] as number;
    cost += startCost + (run.at(-1) ?? 0) - lastUpTo(times, start);
    passes.push({ start, indices: run });
  }
  return cost < last ? passes : [whole];
}
