import { SmolVLMError } from "@smolvlm/contracts";
import { CommanderError } from "commander";
import { INTERRUPTED } from "./interrupt.js";

/** Writes one line that says what went wrong (the stack only with `debug`) and returns the exit status. */
export function reportError(error: unknown, debug: boolean): number {
  // commander has written its own line already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof DOMException && error.name === "AbortError") return INTERRUPTED;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`smolvlm: ${text.replace(/\s*\n\s*/g, " ")}\n`);
  if (debug) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      process.stderr.write(`${cause.stack ?? ""}\n`);
  } else if (!SmolVLMError.isInstance(error)) {
    process.stderr.write("This was not expected; --debug shows where it happened.\n");
  }
  return 1;
}
