import { MediaError } from "@smolvlm/contracts";
import { quarterTurns } from "../../rotate-pixels.js";
import type { VideoFrameSource } from "../../video-frame-source.js";
import { checkFrameSize } from "../../decode-context.js";
import type { OpenContext } from "../open-context.js";
import type { LocalVideo } from "../read-video-source.js";
import { TruncatedVideoError } from "../../truncated-video-error.js";
import { decodeFrames } from "./decode-frames.js";
import { probeVideo, type ProbedVideo } from "./probe-video.js";

/**
 * A video that the programs ffmpeg and ffprobe decode.
 *
 * @throws TruncatedVideoError when it ends too early; MediaError when it is no video, damaged or over a limit.
 */
export async function openWithFfmpeg(source: LocalVideo, context: OpenContext): Promise<VideoFrameSource> {
  const { media } = source;
  const probed = await probeVideo(source, context);
  checkFrameSize(probed.width, probed.height, media, context);
  const [numerator, denominator] = probed.rate;
  const secondsOf = (frames: number): number => (frames * denominator) / numerator;
  if (probed.truncated && !context.allowTruncated) {
    const { times, timeBase, totalNumFrames: frames, statedDuration: statedSeconds } = probed;
    const seconds = times ? (((times.at(-1) ?? 0) - (times[0] ?? 0)) * timeBase[0]) / timeBase[1] : secondsOf(frames);
    throw new TruncatedVideoError(media, { frames, seconds, statedSeconds });
  }
  const video = probed.truncated ? await withoutCutFrame(source, probed, context) : probed;
  const { totalNumFrames } = video;
  const upright = context.autoRotate && quarterTurns(video.rotation) % 2 === 1;
  return {
    media,
    metadata: {
      totalNumFrames,
      fps: numerator / denominator,
      duration: secondsOf(totalNumFrames),
      width: upright ? video.height : video.width,
      height: upright ? video.width : video.height,
      videoBackend: "ffmpeg",
    },
    frames: (indices, { signal } = {}) =>
      decodeFrames(source, video, indices, { ...context, signal: signal ?? context.signal }),
  };
}

/** A truncated video without its last packet, where what there is of it makes no frame. */
async function withoutCutFrame(source: LocalVideo, video: ProbedVideo, context: OpenContext): Promise<ProbedVideo> {
  const { times, keyTimes, lastTime, totalNumFrames } = video;
  const index = times ? times.indexOf(lastTime) : totalNumFrames - 1;
  try {
    for await (const _frame of decodeFrames(source, video, [index], context));
    return video;
  } catch (cause) {
    if (!MediaError.isInstance(cause) || totalNumFrames === 1) throw cause;
    const others = (of: Float64Array): Float64Array => of.filter((time) => time !== lastTime);
    return { ...video, times: times && others(times), keyTimes: others(keyTimes), totalNumFrames: totalNumFrames - 1 };
  }
}
