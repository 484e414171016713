import type { Messages } from "../i18n/en.js";

const units = ["B", "kB", "MB", "GB"];

/** Bytes for people: `3.4 MB`. */
export function formatBytes(bytes: number, language: string): string {
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const digits = step > 1 && bytes < 100 * 1000 ** step ? 1 : 0;
  const number = (bytes / 1000 ** step).toLocaleString(language, { maximumFractionDigits: digits });
  return `${number} ${units[step] ?? ""}`;
}

/** A length of time for people: `12 seconds`, `3 minutes`. */
export function formatDuration(seconds: number, say: Messages): string {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 90 ? say.seconds(whole) : say.minutes(Math.round(whole / 60));
}

/** A moment of a video: `0:07.5`. */
export function formatTimestamp(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - minutes * 60).toFixed(1).padStart(4, "0");
  return `${minutes}:${rest}`;
}

/** A speed or a ratio with as many digits as say something. */
export function formatNumber(value: number, language: string): string {
  return value.toLocaleString(language, { maximumFractionDigits: value < 10 ? 1 : 0 });
}
