import { InvalidArgumentError } from "@smolvlm/contracts";
import { durationText } from "./duration-text.js";
import { framePrompt } from "./image-prompt.js";
import type { MediaTokens } from "./media-tokens.js";
import { numberWords } from "./number-words.js";

/** What a video became. */
export interface VideoPromptOptions {
  /** When each frame was, in seconds from the start. */
  readonly timestamps: readonly number[];
  /** Length in seconds; the last timestamp when it is unknown. Fractions are cut off. */
  readonly duration?: number | undefined;
  /** The number of frames to announce; `timestamps.length` by default. The reference announces the longest video of the batch. */
  readonly frameCount?: number | undefined;
  /** `<image>` tokens of one frame. */
  readonly imageSeqLen: number;
  readonly tokens: MediaTokens;
}

/** `mm:ss`, fractions cut off; minutes are not wrapped at 60. */
function clock(seconds: number): string {
  const rest = seconds % 60;
  // Not `seconds / 60`, which may round up to the next minute just below it.
  return [(seconds - rest) / 60, rest].map((value) => String(Math.floor(value)).padStart(2, "0")).join(":");
}

/**
 * The text that replaces the placeholder of one video: how many frames in words, the duration, each frame under its time, an empty line.
 *
 * @throws InvalidArgumentError when there is no frame, or a time is negative or not finite.
 */
export function videoPrompt(options: VideoPromptOptions): string {
  const { timestamps, imageSeqLen, tokens } = options;
  const last = timestamps.at(-1);
  if (last === undefined)
    throw new InvalidArgumentError({ argument: "timestamps", expected: "at least one", found: "none" });
  const duration = options.duration ?? last;
  for (const [argument, seconds] of [
    ["duration", duration] as const,
    ...timestamps.map((time) => ["timestamps", time] as const),
  ]) {
    if (!(seconds >= 0) || !Number.isFinite(seconds)) {
      throw new InvalidArgumentError({ argument, expected: "seconds from 0 on", found: String(seconds) });
    }
  }
  const count = numberWords(options.frameCount ?? timestamps.length);
  const frame = framePrompt(imageSeqLen, tokens);
  let text = `You are provided the following series of ${count} frames from a ${durationText(Math.trunc(duration))} [H:MM:SS] video.\n`;
  for (const seconds of timestamps) text += `\nFrame from ${clock(seconds)}:${frame}`;
  return `${text}\n\n`;
}
