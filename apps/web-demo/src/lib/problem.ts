import { DeviceLostError, MediaError, ModelFileError, SmolVLMError } from "smolvlm";
import {
  AccessDeniedError,
  NetworkError,
  OfflineError,
  RepositoryNotFoundError,
  RevisionNotFoundError,
} from "@smolvlm/hub";
import type { Messages } from "../i18n/en.js";

/** What one can do about a problem. */
export type WayOut = "retry" | "reload" | "useProcessor" | "useBundled" | "newChat" | "chooseModel";

/** Names of the sentences about problems. */
type Sentence = Extract<keyof Messages, `error${string}`>;

/** A problem as it is told: a sentence, ways out, and the error's own words for those who ask. */
export interface Problem {
  readonly sentence: Exclude<Sentence, "errorTitle">;
  readonly ways: readonly WayOut[];
  readonly details: string;
}

const named = (error: unknown): string => (error instanceof Error ? error.name : "");
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
/** Errors of other runtimes and layers are told apart by what they say. */
const says = (error: unknown, pattern: RegExp): boolean => pattern.test(messageOf(error));

const known: readonly (readonly [
  test: (error: unknown) => boolean,
  sentence: Problem["sentence"],
  ways: readonly WayOut[],
])[] = [
  [(error) => DeviceLostError.isInstance(error), "errorDeviceLost", ["reload", "useProcessor"]],
  [(error) => OfflineError.isInstance(error), "errorOffline", ["useBundled", "retry"]],
  [(error) => AccessDeniedError.isInstance(error), "errorDenied", ["chooseModel", "useBundled"]],
  [
    (error) => RepositoryNotFoundError.isInstance(error) || RevisionNotFoundError.isInstance(error),
    "errorNotFound",
    ["chooseModel", "useBundled"],
  ],
  [(error) => NetworkError.isInstance(error) && !navigator.onLine, "errorOffline", ["useBundled", "retry"]],
  [
    (error) => NetworkError.isInstance(error) || (ModelFileError.isInstance(error) && says(error, /connection/)),
    "errorNetwork",
    ["retry", "useBundled"],
  ],
  [(error) => MediaError.isInstance(error), "errorPicture", []],
  [(error) => named(error) === "PromptTooLongError", "errorTooLong", ["newChat"]],
  [(error) => says(error, /first generation/), "errorNoVideo", ["chooseModel"]],
  [
    (error) => says(error, /out of memory|bad_alloc|Array buffer allocation|more than the \d+ that fit/i),
    "errorMemory",
    ["chooseModel", "useBundled"],
  ],
  [(error) => ModelFileError.isInstance(error), "errorNotSmolVLM", ["chooseModel", "useBundled"]],
  [(error) => named(error) === "NotAllowedError", "errorCameraDenied", ["retry"]],
  [(error) => named(error) === "NotFoundError" || named(error) === "OverconstrainedError", "errorCameraNone", []],
];

/** What to say about an error. */
export function problemOf(error: unknown): Problem {
  const found = known.find(([test]) => test(error));
  const details = SmolVLMError.isInstance(error) ? error.message : `${named(error)} ${messageOf(error)}`.trim();
  return found
    ? { sentence: found[1], ways: found[2], details }
    : { sentence: "errorOther", ways: ["retry", "reload"], details };
}

/** Whether something ended because it was told to. */
export function isAbort(error: unknown): boolean {
  return named(error) === "AbortError";
}
