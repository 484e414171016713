import { MediaError, type RawImage } from "@smolvlm/contracts";
import type { InputVideoTrack, Source } from "mediabunny";
import { checkFrameSize, type VideoDecodeContext } from "../decode-context.js";
import { quarterTurns, rotatePixels } from "../rotate-pixels.js";
import { TruncatedVideoError } from "../truncated-video-error.js";
import type { VideoFrameSource } from "../video-frame-source.js";
import type { MatrixName, YuvColor } from "../yuv-to-rgb.js";
import { frameRate } from "./frame-rate.js";
import { matroskaFrameRate } from "./matroska-frame-rate.js";
import type { Mediabunny } from "./mediabunny.js";
import { readPacketTable } from "./packet-table.js";
import { sampleToRgb } from "./sample-to-rgb.js";

/** How much shorter than its header says a video may be: an audio track may go on for a moment longer. */
const MAX_MISSING_SECONDS = 1;

async function colorOf(track: InputVideoTrack, { colorMatrix }: VideoDecodeContext): Promise<YuvColor> {
  // The track's own words: a decoded frame claims BT.709 where the file says nothing.
  const { matrix, fullRange } = await track.getColorSpace();
  const names = new Map<string, MatrixName>([
    ["bt709", "bt709"],
    ["bt2020-ncl", "bt2020"],
  ]);
  return {
    matrix: colorMatrix === "bt601" ? "bt601" : (names.get(matrix ?? "") ?? "bt601"),
    fullRange: fullRange ?? false,
  };
}

/** An opened video, or what there is no decoder for. */
export type MediabunnyVideo =
  | { readonly source: VideoFrameSource; readonly undecodable?: undefined }
  | { readonly source?: undefined; readonly undecodable: string };

/**
 * A video that mediabunny reads and what is registered with it decodes: WebCodecs in a browser, @mediabunny/server in Node.
 *
 * @param media what to call it in messages
 * @param file where its bytes come from
 * @param head its first bytes, as many as may hold what it says of its tracks
 * @throws TruncatedVideoError when it ends too early; MediaError when it is damaged or over a limit.
 */
export async function openWithMediabunny(
  media: string,
  file: Source,
  head: Uint8Array,
  context: VideoDecodeContext,
  mediabunny: Mediabunny,
): Promise<MediabunnyVideo> {
  const input = new mediabunny.Input({ source: file, formats: mediabunny.ALL_FORMATS });
  const damaged = (cause: unknown): never => {
    context.signal?.throwIfAborted();
    if (MediaError.isInstance(cause)) throw cause;
    const reason = (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]?.replace(/\.$/, "") ?? "";
    throw new MediaError(
      media,
      `cannot be read as a video (${reason}); it is damaged, truncated, or of an unknown kind.`,
      { cause },
    );
  };
  try {
    if (!(await input.canRead())) {
      input.dispose();
      return { undecodable: "this kind of file" };
    }
    // The first track, as in the reference; not the one that mediabunny holds for the best.
    const [track] = await input.getVideoTracks();
    if (!track) throw new MediaError(media, "there is no video track in it; it is damaged, truncated, or no video.");
    if (!(await track.canDecode())) {
      const codec = await track.getCodec();
      input.dispose();
      return { undecodable: codec === null ? "its codec" : `the codec ${codec}` };
    }
    const [width, height, rotation] = await Promise.all([
      track.getCodedWidth(),
      track.getCodedHeight(),
      track.getRotation(),
    ]);
    checkFrameSize(width, height, media, context);
    const color = await colorOf(track, context);
    const sink = new mediabunny.EncodedPacketSink(track);
    const { times, durations, end, truncated } = await readPacketTable(sink, media, context.signal);
    const totalNumFrames = times.length;
    if (totalNumFrames === 0)
      throw new MediaError(media, "no frame of it can be read; the file is damaged or truncated.");
    const stated = await track.getDurationFromMetadata();
    const isShort = truncated || (stated !== null && stated - end > MAX_MISSING_SECONDS);
    if (isShort && !context.allowTruncated) {
      throw new TruncatedVideoError(media, {
        frames: totalNumFrames,
        seconds: end,
        statedSeconds: stated ?? undefined,
      });
    }
    const fps = matroskaFrameRate(head) ?? frameRate(durations, end - (times[0] ?? 0));
    const turns = context.autoRotate ? quarterTurns(rotation) : 0;

    async function* frames(indices: readonly number[], { signal = context.signal } = {}): AsyncGenerator<RawImage> {
      const samples = new mediabunny.VideoSampleSink(track as InputVideoTrack, {
        hardwareAcceleration: context.hardwareAcceleration ?? "prefer-software",
      });
      const wanted = indices.map((index) => times[index] ?? NaN);
      let done = 0;
      const failed = (problem: string): never => {
        const before = `${done} of ${indices.length} frames were read before it`;
        throw new MediaError(
          media,
          `frame ${indices[done]} could not be decoded (${problem}; ${before}); the file is damaged or truncated.`,
        );
      };
      try {
        for await (const sample of samples.samplesAtTimestamps(wanted)) {
          if (sample === null) return failed("there is none");
          try {
            signal?.throwIfAborted();
            if (Math.abs(sample.timestamp - (wanted[done] as number)) > 1e-4) failed("another one came in its place");
            yield rotatePixels(await sampleToRgb(sample, color, media), turns);
          } finally {
            sample.close();
          }
          done++;
        }
      } catch (cause) {
        signal?.throwIfAborted();
        if (MediaError.isInstance(cause)) throw cause;
        failed(cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause));
      }
    }

    const [shownWidth, shownHeight] = turns % 2 === 1 ? [height, width] : [width, height];
    const source: VideoFrameSource = {
      media,
      metadata: {
        totalNumFrames,
        fps,
        duration: totalNumFrames / fps,
        width: shownWidth,
        height: shownHeight,
        videoBackend: "mediabunny",
      },
      frames,
      async [Symbol.asyncDispose]() {
        input.dispose();
      },
    };
    return { source };
  } catch (cause) {
    input.dispose();
    return damaged(cause);
  }
}
