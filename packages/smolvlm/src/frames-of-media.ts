import type { ReadMedium } from "@smolvlm/processor";

/** The frames of some of the media one after the other, by their place among the frames of all `media`. */
export function framesOfMedia(media: readonly ReadMedium[], order: readonly number[]): readonly number[] {
  let next = 0;
  const frames = media.map((medium) => Array.from({ length: medium.frames }, () => next++));
  return order.flatMap((index) => frames[index] ?? []);
}
