import { MediaError, type RawImage } from "@smolvlm/contracts";
import { quarterTurns, rotatePixels } from "../../rotate-pixels.js";
import { yuvToRgb } from "../../yuv-to-rgb.js";
import type { OpenContext } from "../open-context.js";
import type { LocalVideo } from "../read-video-source.js";
import { planPasses, type Pass } from "./plan-passes.js";
import { INPUT_LIMITS, type ProbedVideo } from "./probe-video.js";
import { programVersion, runProgram, shortMessage } from "./run-program.js";

/** Most frames that are named to ffmpeg one by one; for more, all are decoded and the others dropped here. */
const MAX_NAMED_FRAMES = 1000;

/** Since when the option that keeps frames as they come is called `-fps_mode`. */
const FPS_MODE_VERSION = 5.1;

/** How a raw frame comes through the pipe. */
interface RawFormat {
  readonly pixelFormat: string;
  readonly bytes: number;
  toRgb(frame: Uint8Array): RawImage;
}

/** YUV with 8 bits and 4:2:0 is converted here; of the rest FFmpeg makes RGB. (With an odd height FFmpeg interpolates chroma.) */
function rawFormat(video: ProbedVideo, context: OpenContext): RawFormat {
  const { width, height, pixelFormat } = video;
  if (!/^yuvj?420p$/.test(pixelFormat) || height % 2 === 1) {
    return {
      pixelFormat: "rgb24",
      bytes: width * height * 3,
      toRgb: (frame) => ({ width, height, data: frame.slice() }),
    };
  }
  const uvStride = Math.ceil(width / 2);
  const luma = width * height;
  const chroma = uvStride * Math.ceil(height / 2);
  const color = {
    matrix: context.colorMatrix === "bt601" ? ("bt601" as const) : video.matrix,
    fullRange: video.fullRange,
  };
  return {
    pixelFormat,
    bytes: luma + 2 * chroma,
    toRgb: (frame) =>
      yuvToRgb(
        {
          width,
          height,
          y: frame,
          u: frame.subarray(luma),
          v: frame.subarray(luma + chroma),
          yStride: width,
          uvStride,
        },
        color,
      ),
  };
}

function passArguments(
  path: string,
  video: ProbedVideo,
  pass: Pass,
  format: RawFormat,
  context: OpenContext,
  version: number,
): string[] {
  const { times, timeBase } = video;
  // ffmpeg must know when to stop: the end of the last frame would wait in its buffer until the end of the file.
  let frames = (pass.indices.at(-1) ?? 0) + 1;
  const { indices, start } = pass;
  const filters: string[] = [];
  if (indices.length <= MAX_NAMED_FRAMES && indices.length < video.totalNumFrames) {
    // By presentation time, which stays the same wherever decoding starts; by number only where there are no times.
    const terms = indices.map((index) => (times ? `eq(pts,${times[index] ?? 0})` : `eq(n,${index})`));
    filters.push(`select='${terms.join("+")}'`);
    frames = indices.length;
  }
  if (format.pixelFormat === "rgb24" && context.colorMatrix === "bt601") filters.push("scale=in_color_matrix=bt601");
  return [
    ...["-v", "error", "-nostdin", ...INPUT_LIMITS, "-noautorotate", "-copyts"],
    // A little after the key frame, so that rounding does not lead to the one before it.
    ...(start === undefined ? [] : ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", seconds(start, timeBase)]),
    ...["-i", `file:${path}`, "-map", "0:V:0", ...(filters.length > 0 ? ["-vf", filters.join(",")] : [])],
    ...[version < FPS_MODE_VERSION ? "-vsync" : "-fps_mode", "passthrough", "-frames:v", String(frames)],
    ...["-pix_fmt", format.pixelFormat, "-f", "rawvideo", "pipe:1"],
  ];
}

function seconds(time: number, [numerator, denominator]: readonly [number, number]): string {
  return ((time * numerator) / denominator + 0.0005).toFixed(6);
}

/** The raw frames of one pass, each in the same buffer. */
async function* rawFrames(
  { media, path }: LocalVideo,
  video: ProbedVideo,
  pass: Pass,
  format: RawFormat,
  context: OpenContext,
): AsyncGenerator<Uint8Array> {
  const version = (await programVersion(context.ffmpeg)) ?? Infinity;
  context.signal?.throwIfAborted();
  const args = passArguments(path, video, pass, format, context, version);
  const named = args.some((arg) => arg.startsWith("select="));
  const program = runProgram(context.ffmpeg, args, media);
  const stop = (): void => program.stop();
  context.signal?.addEventListener("abort", stop);
  const frame = new Uint8Array(format.bytes);
  const wanted = new Set(pass.indices);
  let filled = 0;
  let seen = 0;
  let given = 0;
  try {
    for await (const chunk of program.output as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length;) {
        const length = Math.min(chunk.length - at, frame.length - filled);
        frame.set(chunk.subarray(at, at + length), filled);
        at += length;
        filled += length;
        if (filled < frame.length) continue;
        filled = 0;
        if (!named && !wanted.has(seen++)) continue;
        yield frame;
        if (++given === pass.indices.length) return;
      }
    }
    await program.ended;
    context.signal?.throwIfAborted();
    const reason = program.message() === "" ? "" : ` (${shortMessage(program.message(), path)})`;
    throw new MediaError(
      media,
      `only ${given} of ${pass.indices.length} frames between ${pass.indices[0]} and ${pass.indices.at(-1)} could be decoded${reason}; the file is damaged.`,
    );
  } finally {
    program.stop();
    context.signal?.removeEventListener("abort", stop);
  }
}

/**
 * Frames of a video, decoded by ffmpeg, one at a time.
 *
 * @param indices ascending
 * @throws MediaError when one cannot be decoded; the signal's reason when it aborts.
 */
export async function* decodeFrames(
  source: LocalVideo,
  video: ProbedVideo,
  indices: readonly number[],
  context: OpenContext,
): AsyncGenerator<RawImage> {
  const format = rawFormat(video, context);
  const turns = context.autoRotate ? quarterTurns(video.rotation) : 0;
  for (const pass of planPasses(video, indices)) {
    for await (const frame of rawFrames(source, video, pass, format, context))
      yield rotatePixels(format.toRgb(frame), turns);
  }
}
