import { MediaError, type RawImage } from "@smolvlm/contracts";
import { animationLength, opaqueFrame, type AnimationKind } from "../animation.js";
import { checkFrameSize, type VideoDecodeContext } from "../decode-context.js";
import type { VideoFrameSource } from "../video-frame-source.js";
import { animationTable } from "./animation-table.js";

/** A frame's pixels in the order red, green, blue, alpha. */
async function rgbaOf(frame: VideoFrame, media: string): Promise<Uint8Array> {
  const { format } = frame;
  if (format !== "RGBA" && format !== "RGBX" && format !== "BGRA" && format !== "BGRX")
    throw new MediaError(media, `its pixel format ${String(format)} cannot be converted; save it as MP4 or WebM.`);
  const rgba = new Uint8Array(frame.allocationSize());
  await frame.copyTo(rgba);
  for (let i = 0; i < rgba.length; i += 4) {
    if (format.startsWith("B")) {
      const blue = rgba[i] as number;
      rgba[i] = rgba[i + 2] as number;
      rgba[i + 2] = blue;
    }
    if (format.endsWith("X")) rgba[i + 3] = 255;
  }
  return rgba;
}

/**
 * An animated GIF or WebP as a video: frames as FFmpeg (GIF) and Pillow (WebP) show them, the frame rate from the frames' delays.
 *
 * @throws MediaError when it is damaged or over a limit, or the browser has no `ImageDecoder`.
 */
export async function openAnimation(
  file: Blob,
  kind: AnimationKind,
  media: string,
  context: VideoDecodeContext,
): Promise<VideoFrameSource> {
  const name = kind === "gif" ? "GIF" : "WebP";
  if (!("ImageDecoder" in globalThis))
    throw new MediaError(media, `this browser does not read animated ${name}; save it as MP4 or WebM.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const table = animationTable(bytes, kind, media);
  const damaged = (cause: unknown): never => {
    if (MediaError.isInstance(cause)) throw cause;
    const problem = cause instanceof Error ? cause.message.replace(/\.$/, "") : String(cause);
    throw new MediaError(media, `cannot be read as ${name} (${problem}); the file is damaged.`, { cause });
  };
  if (kind === "gif" || table.width > 0) checkFrameSize(table.width, table.height, media, context);
  const decoder = new ImageDecoder({
    data: bytes,
    type: `image/${kind}`,
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const decode = async (frameIndex: number): Promise<RawImage> => {
    const { image } = await decoder.decode({ frameIndex }).catch(damaged);
    try {
      const { width, height } = image.visibleRect ?? { width: image.codedWidth, height: image.codedHeight };
      return { width, height, data: opaqueFrame(await rgbaOf(image, media), kind) };
    } finally {
      image.close();
    }
  };
  try {
    await Promise.all([decoder.completed, decoder.tracks.ready]).catch(damaged);
    const totalNumFrames = decoder.tracks.selectedTrack?.frameCount ?? 0;
    if (totalNumFrames < 1) throw new MediaError(media, "no frame of it can be read; the file is damaged.");
    const total = animationLength(
      Array.from({ length: totalNumFrames }, (_, i) => table.delays[i] ?? 0),
      kind,
    );
    const { width, height } = table.width > 0 ? table : await decode(0);
    return {
      media,
      metadata: {
        totalNumFrames,
        fps: (totalNumFrames * 1000) / total,
        duration: total / 1000,
        width,
        height,
        videoBackend: "ImageDecoder",
      },
      async *frames(indices, { signal } = {}): AsyncGenerator<RawImage> {
        for (const index of indices) {
          signal?.throwIfAborted();
          yield await decode(index);
        }
      },
      async [Symbol.asyncDispose]() {
        decoder.close();
      },
    };
  } catch (error) {
    decoder.close();
    throw error;
  }
}
