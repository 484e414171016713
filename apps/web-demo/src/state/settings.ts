import { computed, effect, signal } from "@preact/signals";
import { en, type Messages } from "../i18n/en.js";
import { ko } from "../i18n/ko.js";

/** Languages of the page. */
export type Language = "en" | "ko";
/** How closely pictures are looked at: tile by tile as the model was trained, or only as a whole, which takes a fraction of the time. */
export type Detail = "full" | "fast";
/** Light, dark, or as the system has it. */
export type Theme = "system" | "light" | "dark";

const dictionaries: Record<Language, Messages> = { en, ko };

/** Reads a choice that was kept; a browser that keeps nothing gives the default. */
function kept<T extends string>(key: string, known: readonly T[], fallback: T): T {
  try {
    const value = localStorage.getItem(key) as T | null;
    return value !== null && known.includes(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

/** The language spoken: the one chosen, else the browser's. */
export const language = signal<Language>(
  kept<Language>("language", ["en", "ko"], navigator.language.startsWith("ko") ? "ko" : "en"),
);
/** The appearance chosen. */
export const theme = signal<Theme>(kept<Theme>("theme", ["system", "light", "dark"], "system"));
/** The detail chosen, for questions from now on. */
export const detail = signal<Detail>(kept<Detail>("detail", ["full", "fast"], "full"));
/** What the page says, in the language spoken. */
export const say = computed(() => dictionaries[language.value]);

effect(() => {
  keep("language", language.value);
  document.documentElement.lang = language.value;
});
effect(() => keep("detail", detail.value));
effect(() => {
  keep("theme", theme.value);
  document.documentElement.dataset["theme"] = theme.value;
});
