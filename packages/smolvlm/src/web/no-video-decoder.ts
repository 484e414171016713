import { MediaError } from "@smolvlm/contracts";
import type { VideoDecoder } from "@smolvlm/video-processor";

/** Refuses video files: a page gives a video's frames, as pixels and with their rate. */
export const noVideoDecoder: VideoDecoder = {
  async open(file) {
    const media = file instanceof Blob && "name" in file ? String(file.name) : "the video";
    throw new MediaError(media, "video files cannot be read in a browser yet; give its frames: { frames, fps }.");
  },
};
