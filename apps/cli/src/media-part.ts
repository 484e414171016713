import type { ContentPart } from "smolvlm";

/** Endings of files that are videos to every tool. GIF and WebP are pictures unless one asks for a video. */
const videoEnding = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|mts|m2ts|wmv|flv|ogv|3gp)([?#].*)?$/i;

/** A medium of the command line as a part of a message; what it is, its name says. `video:FILE` makes an animated picture one. */
export function mediaPart(name: string): ContentPart {
  if (name.startsWith("video:")) return { type: "video", video: name.slice("video:".length) };
  return videoEnding.test(name) ? { type: "video", video: name } : { type: "image", image: name };
}
