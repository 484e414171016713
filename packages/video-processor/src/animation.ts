/** Kinds of pictures that may move. */
export type AnimationKind = "gif" | "webp";

/** Most frames of an animation: at 20 a second, more than an hour. */
export const MAX_ANIMATION_FRAMES = 100_000;

/** What FFmpeg takes for a frame of a GIF that asks for less than 20 ms, milliseconds; browsers do alike. */
const DEFAULT_DELAY = 100;
const MIN_GIF_DELAY = 20;

/** Which animation the file's first bytes announce. */
export function animationKind(head: Uint8Array): AnimationKind | undefined {
  const text = String.fromCharCode(...head.subarray(0, 12));
  if (/^GIF8[79]a/.test(text)) return "gif";
  return /^RIFF[^]{4}WEBP/.test(text) ? "webp" : undefined;
}

/** How long an animation lasts, milliseconds, of what the file asks for each frame. */
export function animationLength(delays: readonly number[], kind: AnimationKind): number {
  const least = kind === "gif" ? MIN_GIF_DELAY : 1;
  return delays.reduce((sum, delay) => sum + (delay < least ? DEFAULT_DELAY : delay), 0);
}

/** RGBA to RGB: FFmpeg shows white where a GIF has drawn nothing; Pillow drops the alpha of a WebP. */
export function opaqueFrame(rgba: Uint8Array, kind: AnimationKind): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    if (kind === "gif" && rgba[from + 3] === 0) {
      rgb.fill(255, to, to + 3);
      continue;
    }
    rgb[to] = rgba[from] as number;
    rgb[to + 1] = rgba[from + 1] as number;
    rgb[to + 2] = rgba[from + 2] as number;
  }
  return rgb;
}
