import { MediaError } from "@smolvlm/contracts";
import type { VideoFrameSource } from "../video-frame-source.js";
import { openWithFfmpeg } from "./ffmpeg/open-with-ffmpeg.js";
import { programVersion } from "./ffmpeg/run-program.js";
import { loadMediabunny } from "./load-mediabunny.js";
import { openWithMediabunny } from "../mediabunny/open-with-mediabunny.js";
import type { OpenContext } from "./open-context.js";
import type { LocalVideo } from "./read-video-source.js";

const HOW_TO_GET =
  "Install ffmpeg (https://ffmpeg.org; set FFMPEG_PATH if it is not on the PATH), or: npm install mediabunny @mediabunny/server";

/** What decodes videos other than GIF and WebP. */
export type VideoBackend = "auto" | "mediabunny" | "ffmpeg";

/**
 * A video file as a source of frames, by the first decoder that is there and knows its kind: ffmpeg, which uses all cores and knows every
 * kind, then mediabunny.
 *
 * @throws MediaError that says how to get a decoder, when there is none; otherwise what the decoder throws.
 */
export async function openFile(
  video: LocalVideo,
  backend: VideoBackend,
  context: OpenContext,
): Promise<VideoFrameSource> {
  if (backend !== "mediabunny") {
    const versions = await Promise.all([programVersion(context.ffmpeg), programVersion(context.ffprobe)]);
    if (!versions.includes(undefined)) return openWithFfmpeg(video, context);
  }
  const mediabunny = backend === "ffmpeg" ? undefined : await loadMediabunny();
  if (!mediabunny) throw new MediaError(video.media, `reading this kind of video needs a decoder. ${HOW_TO_GET}`);
  const file = new mediabunny.FilePathSource(video.path);
  const { source } = await openWithMediabunny(video.media, file, video.head, context, mediabunny);
  if (source) return source;
  const ask = backend === "mediabunny" ? "" : " For other kinds install ffmpeg.";
  throw new MediaError(
    video.media,
    `cannot be read as a video by mediabunny; it is damaged, or of another kind.${ask}`,
  );
}
