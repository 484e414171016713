import { createProgram } from "./program.js";
import { reportError } from "./report-error.js";

/**
 * Runs one command line, without the program's name, to its end.
 *
 * @returns the exit status: 0, 1 for a failure, 2 for wrong usage, 130 when interrupted.
 */
export async function runProgram(args: readonly string[], signal: AbortSignal): Promise<number> {
  const program = createProgram(signal);
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return reportError(error, args.includes("--debug"));
  }
}
