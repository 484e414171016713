import { MediaError, type RawImage } from "@smolvlm/contracts";
import { loadSharp } from "@smolvlm/image-processor/node";
import type { VideoFrameSource } from "../video-frame-source.js";
import { animationLength, MAX_ANIMATION_FRAMES, opaqueFrame, type AnimationKind } from "../animation.js";
import { checkFrameSize } from "../decode-context.js";
import type { OpenContext } from "./open-context.js";
import type { LocalVideo } from "./read-video-source.js";

/** Pixels decoded at a time, in bytes: libvips starts a GIF from its first frame each time, so frames are taken by the dozen. */
const MAX_WINDOW_BYTES = 32 * 2 ** 20;

// ICC profiles are ignored because the reference's decoders ignore them.
const OPTIONS = { ignoreIcc: true, failOn: "warning", limitInputPixels: false } as const;

/**
 * An animated GIF or WebP as a video: frames as FFmpeg (GIF) and Pillow (WebP) show them, the frame rate from the frames' delays.
 *
 * @throws MediaError when it is damaged or over a limit, or sharp is missing.
 */
export async function openAnimation(
  video: LocalVideo,
  kind: AnimationKind,
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
  if (pages > MAX_ANIMATION_FRAMES)
    throw new MediaError(media, `has ${pages} frames, more than the limit of ${MAX_ANIMATION_FRAMES}.`);

  const delays = Array.from({ length: pages }, (_, page) => metadata.delay?.[page] ?? 0);
  const total = animationLength(delays, kind);
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
          data: opaqueFrame(window.subarray((index - first) * bytes, (index - first + 1) * bytes), kind),
        };
      }
    },
  };
}
