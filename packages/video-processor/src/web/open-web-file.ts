import { MediaError } from "@smolvlm/contracts";
import { fetchMedia, type FetchLimits } from "@smolvlm/image-processor/web";
import { animationKind } from "../animation.js";
import type { VideoDecodeContext } from "../decode-context.js";
import type { Mediabunny } from "../mediabunny/mediabunny.js";
import { openWithMediabunny } from "../mediabunny/open-with-mediabunny.js";
import { refusePictures } from "../refuse-pictures.js";
import type { VideoFrameSource } from "../video-frame-source.js";
import { openAnimation } from "./open-animation.js";
import { wholeFile, type WebFile } from "./read-web-file.js";

/** Seconds before a part of a file is asked for again; after these, it is an error. */
const RETRY_DELAYS = [0.5, 2];

/** How long the answer to a request for a part may take to begin, milliseconds. */
const PART_TIMEOUT_MS = 30_000;

async function loadMediabunny(media: string): Promise<Mediabunny> {
  try {
    return await import("mediabunny");
  } catch (cause) {
    const advice =
      "reading video files in a browser needs the package mediabunny; install it with: npm install mediabunny";
    throw new MediaError(media, advice, { cause });
  }
}

/**
 * A video file as a source of frames: animations by the browser's `ImageDecoder`, all else by mediabunny and WebCodecs.
 *
 * @throws MediaError when it is damaged, truncated, over a limit, or of a kind that this browser does not decode.
 */
export async function openWebFile(
  file: WebFile,
  limits: FetchLimits,
  context: VideoDecodeContext,
): Promise<VideoFrameSource> {
  const { media, place, head } = file;
  const animation = animationKind(head);
  if (animation) return openAnimation(await wholeFile(file, limits, context.signal), animation, media, context);
  refusePictures(head, media);
  const mediabunny = await loadMediabunny(media);
  const bytes =
    place instanceof Blob
      ? new mediabunny.BlobSource(place)
      : new mediabunny.UrlSource(place, {
          getRetryDelay: (attempts) => RETRY_DELAYS[attempts] ?? null,
          async fetchFn(_, init = {}) {
            const late = new AbortController();
            const timer = setTimeout(() => late.abort(), PART_TIMEOUT_MS);
            const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal;
            try {
              return await fetchMedia(place, media, { ...init, signal });
            } finally {
              clearTimeout(timer);
            }
          },
        });
  const { source, undecodable } = await openWithMediabunny(media, bytes, head, context, mediabunny);
  if (source) return source;
  throw new MediaError(
    media,
    `this browser does not decode ${undecodable}, or the file is damaged; convert it to MP4 with H.264, or WebM with VP9.`,
  );
}
