import { MediaError } from "@smolvlm/contracts";
import { quarterTurns } from "../../rotate-pixels.js";
import type { VideoFrameSource } from "../../video-frame-source.js";
import { checkFrameSize } from "../../decode-context.js";
import type { OpenContext } from "../open-context.js";
import type { LocalVideo } from "../read-video-source.js";
import { decodeFrames } from "./decode-frames.js";
import { probeVideo } from "./probe-video.js";

/**
 * A video that the programs ffmpeg and ffprobe decode.
 *
 * @throws MediaError when it is no video, damaged, truncated or over a limit.
 */
export async function openWithFfmpeg(source: LocalVideo, context: OpenContext): Promise<VideoFrameSource> {
  const { media } = source;
  const video = await probeVideo(source, context);
  checkFrameSize(video.width, video.height, media, context);
  const [numerator, denominator] = video.rate;
  const { totalNumFrames } = video;
  const duration = (totalNumFrames * denominator) / numerator;
  if (video.truncated && !context.allowTruncated) {
    const stated = video.statedDuration === undefined ? "" : ` of ${video.statedDuration.toFixed(1)} seconds`;
    const { times, timeBase } = video;
    const read = times ? (((times.at(-1) ?? 0) - (times[0] ?? 0)) * timeBase[0]) / timeBase[1] : duration;
    throw new MediaError(
      media,
      `ends too early: only ${totalNumFrames} frames, ${read.toFixed(1)}${stated}, can be read. Get the whole file, or take that part with allowTruncated.`,
    );
  }
  const upright = context.autoRotate && quarterTurns(video.rotation) % 2 === 1;
  return {
    media,
    metadata: {
      totalNumFrames,
      fps: numerator / denominator,
      duration,
      width: upright ? video.height : video.width,
      height: upright ? video.width : video.height,
      videoBackend: "ffmpeg",
    },
    frames: (indices, { signal } = {}) =>
      decodeFrames(source, video, indices, { ...context, signal: signal ?? context.signal }),
  };
}
