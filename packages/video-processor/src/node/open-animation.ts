import { MediaError, type RawImage } from "@smolvlm/contracts";
import { loadSharp } from "@smolvlm/image-processor/node";
import type { VideoFrameSource } from "../video-frame-source.js";
import { checkFrameSize } from "../decode-context.js";
import type { OpenContext } from "./open-context.js";
import type { LocalVideo } from "./read-video-source.js";

/** Most frames of an animation: at 20 a second, more than an hour. */
const MAX_PAGES = 100_000;

/** Pixels decoded at a time, in bytes: libvips starts a GIF from its first frame each time, so frames are taken by the dozen. */
const MAX_WINDOW_BYTES = 32 * 2 ** 20;

/** What FFmpeg takes for a frame of a GIF that asks for less than 20 ms, milliseconds; browsers do alike. */
const DEFAULT_DELAY = 100;
const MIN_GIF_DELAY = 20;

// ICC profiles are ignored because the reference's decoders ignore them.
const OPTIONS = { ignoreIcc: true, failOn: "warning", limitInputPixels: false } as const;

/** Which animation the file's first bytes announce. */
export function animationKind(head: Uint8Array): "gif" | "webp" | undefined {
  const text = Buffer.from(head.subarray(0, 16)).toString("latin1");
  if (/^GIF8[79]a/.test(text)) return "gif";
  return /^RIFF[^]{4}WEBP/.test(text) ? "webp" : undefined;
}

/** RGBA to RGB: FFmpeg shows white where a GIF has drawn nothing; Pillow drops the alpha of a WebP. */
function opaque(rgba: Uint8Array, kind: "gif" | "webp"): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    if (kind === "gif" && rgba[from + 3] === 0) rgb.fill(255, to, to + 3);
    else rgb.set(rgba.subarray(from, from + 3), to);
  }
  return rgb;
}

/**
 * An animated GIF or WebP as a video: frames as FFmpeg (GIF) and Pillow (WebP) show them, the frame rate from the frames' delays.
 *
 * @throws MediaError when it is damaged or over a limit, or sharp is missing.
 */
export async function openAnimation(
  video: LocalVideo,
  kind: "gif" | "webp",
  context: OpenContext,
): Promise<VideoFrameSource> {
  const { media, path } = video;
  const sharp = await loadSharp(media);
  const damaged = (cause: unknown): never => {
    if (MediaError.isInstance(cause)) throw cause;
    const [line = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    const problem = line.replace(/^Input (?:file|buffer) has corrupt header: ?/, "").replace(/\.?$/, "");
    throw new MediaError(
      media,
      `cannot be read as ${kind === "gif" ? "GIF" : "WebP"} (${problem}); the file is damaged.`,
      { cause },
    );
  };
  const metadata = await sharp(path, { ...OPTIONS, animated: true })
    .metadata()
    .catch(damaged);
  const { width, pages = 1, pageHeight: height = metadata.height } = metadata;
  checkFrameSize(width, height, media, context);
  if (pages > MAX_PAGES) throw new MediaError(media, `has ${pages} frames, more than the limit of ${MAX_PAGES}.`);

  const least = kind === "gif" ? MIN_GIF_DELAY : 1;
  const delays = Array.from({ length: pages }, (_, page) => metadata.delay?.[page] ?? 0);
  const total = delays.reduce((sum, delay) => sum + (delay < least ? DEFAULT_DELAY : delay), 0);
  const windowPages = Math.max(1, Math.floor(MAX_WINDOW_BYTES / (width * height * 4)));

  return {
    media,
    metadata: {
      totalNumFrames: pages,
      fps: (pages * 1000) / total,
      duration: total / 1000,
      width,
      height,
      videoBackend: "sharp",
    },
    async *frames(indices, { signal } = {}): AsyncGenerator<RawImage> {
      let window = new Uint8Array(0);
      let first = 0;
      let end = 0;
      const bytes = width * height * 4;
      for (const [i, index] of indices.entries()) {
        signal?.throwIfAborted();
        if (index >= end) {
          // As far as the last frame wanted within reach, and no further.
          const reach = Math.min(index + windowPages, pages);
          first = index;
          end = Math.max(...indices.slice(i, i + windowPages).filter((wanted) => wanted < reach)) + 1;
          const input = sharp(path, { ...OPTIONS, page: first, pages: end - first });
          window = await input.toColourspace("srgb").ensureAlpha().raw({ depth: "uchar" }).toBuffer().catch(damaged);
        }
        yield {
          width,
          height,
          data: opaque(window.subarray((index - first) * bytes, (index - first + 1) * bytes), kind),
        };
      }
    },
  };
}
