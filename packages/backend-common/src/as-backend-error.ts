import { BackendError, SmolVLMError } from "@smolvlm/contracts";

/** What can be done about an error with this text; undefined when that is not known. */
export type AdviceFor = (text: string) => string | undefined;

/**
 * What an engine threw: what it refuses on purpose as it is, the rest as a BackendError that keeps the text (on one line) and
 * the cause, and adds what can be done about it.
 *
 * @param where the backend and the graph.
 * @param doing what failed, such as `run`.
 * @param adviceFor what the backend knows about such errors.
 */
export function asBackendError(where: string, doing: string, error: unknown, adviceFor: AdviceFor): SmolVLMError {
  if (SmolVLMError.isInstance(error)) return error;
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
  const advice = adviceFor(text);
  return new BackendError(where, `${doing} failed: ${text}${advice === undefined ? "" : ` — ${advice}.`}`, {
    cause: error,
  });
}
