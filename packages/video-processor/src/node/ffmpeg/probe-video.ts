import { createInterface } from "node:readline";
import { MediaError } from "@smolvlm/contracts";
import type { MatrixName } from "../../yuv-to-rgb.js";
import type { OpenContext } from "../open-context.js";
import type { LocalVideo } from "../read-video-source.js";
import { runProgram, shortMessage } from "./run-program.js";

/** The frame table of a video's first video track. */
export interface ProbedVideo {
  readonly width: number;
  readonly height: number;
  /** FFmpeg's name of the pixel format. */
  readonly pixelFormat: string;
  readonly matrix: MatrixName;
  readonly fullRange: boolean;
  /** Degrees clockwise that make frames upright. */
  readonly rotation: number;
  /** Average frames a second as a fraction. */
  readonly rate: readonly [numerator: number, denominator: number];
  /** Seconds in one unit of `times`, as a fraction. */
  readonly timeBase: readonly [numerator: number, denominator: number];
  /** Presentation time of each frame, ascending, or undefined where the file has none or they are not distinct. */
  readonly times: Float64Array | undefined;
  /** Presentation time of the last frame in the file's order. */
  readonly lastTime: number;
  /** Presentation times of key frames, ascending. */
  readonly keyTimes: Float64Array;
  readonly totalNumFrames: number;
  /** Seconds that the file says it has; undefined when it does not say. */
  readonly statedDuration: number | undefined;
  /** Whether the file ends before it says. */
  readonly truncated: boolean;
  /** Whether FFmpeg finds key frames of this container without reading up to them. */
  readonly seekable: boolean;
}

/** Most packets of a track: 23 hours at 60 frames a second. */
const MAX_PACKETS = 5_000_000;

/**
 * The containers that are read. FFmpeg knows others that are lists of files or addresses (HLS, concat, DASH): those would let a video
 * reach other files, and are left out.
 */
const FORMATS = "mov,matroska,mpegts,mpeg,mpegvideo,avi,flv,asf,ogg,mxf,ivf,obu,h264,hevc,m4v,nut,dv,yuv4mpegpipe,rm";

/** Options before `-i` that keep FFmpeg to this one file. */
export const INPUT_LIMITS: readonly string[] = ["-protocol_whitelist", "file", "-format_whitelist", FORMATS];

const ENTRIES = [
  "stream=width,height,pix_fmt,color_space,color_range,avg_frame_rate,r_frame_rate,time_base,duration",
  "stream_side_data=rotation",
  "format=duration,format_name",
  "packet=pts,flags",
].join(":");

function fraction(text: string | undefined): readonly [number, number] | undefined {
  const [numerator = NaN, denominator = NaN] = (text ?? "").split("/").map(Number);
  return numerator > 0 && denominator > 0 && Number.isFinite(numerator / denominator)
    ? [numerator, denominator]
    : undefined;
}

function matrixOf(colorSpace: string | undefined): MatrixName {
  if (colorSpace === "bt709" || colorSpace === "smpte240m") return colorSpace;
  return colorSpace?.startsWith("bt2020") ? "bt2020" : "bt601";
}

function fieldsOf(line: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of line.split("|")) {
    const at = field.indexOf("=");
    if (at > 0) fields.set(field.slice(0, at), field.slice(at + 1));
  }
  return fields;
}

/** `times` in ascending order; undefined when there is none or two are equal. */
function distinct(times: readonly number[]): Float64Array | undefined {
  const sorted = Float64Array.from(times).sort();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) return undefined;
  return sorted.length > 0 ? sorted : undefined;
}

/**
 * Reads a video's tables with ffprobe, without decoding it.
 *
 * @throws MediaError when it is no video or damaged.
 */
export async function probeVideo({ media, path }: LocalVideo, context: OpenContext): Promise<ProbedVideo> {
  const args = [
    "-v",
    "error",
    ...INPUT_LIMITS,
    "-select_streams",
    "V:0",
    "-show_entries",
    ENTRIES,
    "-of",
    "compact",
    `file:${path}`,
  ];
  context.signal?.throwIfAborted();
  const program = runProgram(context.ffprobe, args, media);
  const stop = (): void => program.stop();
  context.signal?.addEventListener("abort", stop);
  let stream: Map<string, string> | undefined;
  let format: Map<string, string> | undefined;
  const times: number[] = [];
  const keyTimes: number[] = [];
  let count = 0;
  try {
    for await (const line of createInterface({ input: program.output })) {
      if (line.startsWith("packet|")) {
        const [, time, flags] = /^packet\|pts=(-?\d+|N\/A)\|flags=([^|]*)/.exec(line) ?? [];
        // Packets before an edit list's start are decoded but not shown.
        if (flags === undefined || flags.includes("D")) continue;
        if (++count > MAX_PACKETS)
          throw new MediaError(media, `has more than ${MAX_PACKETS} frames, which is the limit.`);
        if (time === undefined || time === "N/A") continue;
        times.push(Number(time));
        if (flags.includes("K")) keyTimes.push(Number(time));
      } else if (line.startsWith("stream|")) stream ??= fieldsOf(line);
      else if (line.startsWith("format|")) format ??= fieldsOf(line);
    }
    await program.ended;
  } finally {
    program.stop();
    context.signal?.removeEventListener("abort", stop);
  }
  context.signal?.throwIfAborted();
  const message = program.message();
  if (stream === undefined || count === 0) {
    const problem = message === "" ? "there is no video track in it" : shortMessage(message, path);
    throw new MediaError(
      media,
      `cannot be read as a video (${problem}); it is damaged, truncated, or of an unknown kind.`,
    );
  }
  const duration = [stream.get("duration"), format?.get("duration")].map(Number).find((seconds) => seconds > 0);
  const pixelFormat = stream.get("pix_fmt") ?? "unknown";
  const rate = fraction(stream.get("avg_frame_rate")) ?? fraction(stream.get("r_frame_rate"));
  return {
    width: Number(stream.get("width")),
    height: Number(stream.get("height")),
    pixelFormat,
    matrix: matrixOf(stream.get("color_space")),
    fullRange: stream.get("color_range") === "pc" || pixelFormat.startsWith("yuvj"),
    rotation: -Number(stream.get("rotation") ?? 0),
    rate: rate ?? (duration === undefined ? [25, 1] : [count, duration]),
    timeBase: fraction(stream.get("time_base")) ?? [1, 1],
    times: times.length === count ? distinct(times) : undefined,
    lastTime: times.at(-1) ?? NaN,
    keyTimes: Float64Array.from(keyTimes).sort(),
    totalNumFrames: count,
    statedDuration: duration,
    truncated: /partial file|ended prematurely|truncat/i.test(message),
    seekable: /mov|matroska/.test(format?.get("format_name") ?? ""),
  };
}
