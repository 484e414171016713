import { MediaCountError, MissingMediaError } from "../errors.js";
import { countPlaceholders } from "../prompt/expand-placeholders.js";

/** The placeholders of a call, and how many media were given for each text; undefined where none of that kind were given at all. */
export interface MediaCounts {
  readonly imageToken: string;
  readonly videoToken: string;
  readonly images: readonly number[] | undefined;
  readonly videos: readonly number[] | undefined;
}

/**
 * The reference's checks. `<video>` in a text without any videos is no error: it is not a token and stays text.
 *
 * @throws MissingMediaError for image placeholders without any media, MediaCountError where counts differ.
 */
export function checkMediaCounts(texts: readonly string[], counts: MediaCounts): void {
  const inTexts = texts.map((text) => countPlaceholders(text, counts.imageToken));
  const total = inTexts.reduce((sum, count) => sum + count, 0);
  if (total > 0 && counts.images === undefined && counts.videos === undefined) {
    throw new MissingMediaError(counts.imageToken, total);
  }
  // The reference lets image placeholders pass unexpanded when there are videos only; the model would fail on them.
  const images = counts.images ?? (total > 0 ? texts.map(() => 0) : undefined);
  if (images !== undefined && !equal(images, inTexts))
    throw new MediaCountError("image", counts.imageToken, inTexts, images);
  if (counts.videos === undefined) return;
  const videosInTexts = texts.map((text) => countPlaceholders(text, counts.videoToken));
  if (!equal(counts.videos, videosInTexts))
    throw new MediaCountError("video", counts.videoToken, videosInTexts, counts.videos);
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
