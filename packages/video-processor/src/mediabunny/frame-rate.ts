/** How far a measured rate may be from the one that it means: milliseconds of WebM make 30 frames a second 30.0005. */
const TOLERANCE = 5e-4;

/** Seconds by which frames of one length may differ: WebM writes 33 or 34 ms. */
const ROUNDING = 1.5e-3;

/**
 * How many of `count` frames may last longer or shorter without being counted: holes, as cuts leave them, do not change the rate.
 */
function allowedExceptions(count: number): number {
  return Math.max(Math.min(2, count * 0.1), count * 0.01);
}

/** The whole rate, or the NTSC rate (a whole one times 1000/1001), that is near enough. */
function snap(rate: number): number {
  const known = [Math.round(rate), (Math.round((rate * 1001) / 1000) * 1000) / 1001];
  return known.find((candidate) => candidate > 0 && Math.abs(rate / candidate - 1) < TOLERANCE) ?? rate;
}

/**
 * The rate that FFmpeg gives for a track: of frames that are almost all equally long, the rate of those; otherwise the average.
 *
 * @param durations seconds of each frame, at least one
 * @param span seconds from the first frame to the end of the last
 * @returns frames a second; 25 where no duration is known, as FFmpeg assumes
 */
export function frameRate(durations: readonly number[], span: number): number {
  const sorted = [...durations].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  const regular = durations.filter((duration) => Math.abs(duration - median) < ROUNDING);
  const isRegular = durations.length - regular.length <= allowedExceptions(durations.length);
  const count = isRegular ? regular.length : durations.length;
  const length = isRegular ? regular.reduce((sum, duration) => sum + duration, 0) : span;
  return length > 0 ? snap(count / length) : 25;
}
