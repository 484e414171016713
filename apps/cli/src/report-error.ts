import { SmolVLMError } from "@smolvlm/contracts";
import { CommanderError } from "commander";
import { TruncatedVideoError } from "smolvlm";
import { INTERRUPTED } from "./interrupt.js";

/** Writes one line that says what went wrong (the stack only with `debug`) and returns the exit status. */
export function reportError(error: unknown, debug: boolean): number {
  // commander has written its own line already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof DOMException && error.name === "AbortError") return INTERRUPTED;
  const text = messageOf(error);
  process.stderr.write(`smolvlm: ${text.replace(/\s*\n\s*/g, " ")}\n`);
  if (debug) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      process.stderr.write(`${cause.stack ?? ""}\n`);
  } else if (!SmolVLMError.isInstance(error)) {
    process.stderr.write("This was not expected; --debug shows where it happened.\n");
  }
  return 1;
}

/** The message, which names options as they are called here. */
function messageOf(error: unknown): string {
  if (TruncatedVideoError.isInstance(error)) {
    return `${error.media}: ${error.problem} Get the whole file, or take that part with --allow-truncated.`;
  }
  return error instanceof Error ? error.message : String(error);
}
