#!/usr/bin/env node
import { interruptSignal } from "./interrupt.js";
import { runProgram } from "./run-program.js";

// A reader that went away (`smolvlm … | head -1`) is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
});

process.exitCode = await runProgram(process.argv.slice(2), interruptSignal());
