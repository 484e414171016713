import { Command } from "commander";
import { benchCommand } from "./commands/bench.js";
import { cacheCommand } from "./commands/cache.js";
import { chatCommand } from "./commands/chat.js";
import { convertCommand } from "./commands/convert.js";
import { demoCommand } from "./commands/demo.js";
import { describeCommand } from "./commands/describe.js";
import { inspectCommand } from "./commands/inspect.js";
import { runCommand } from "./commands/run.js";
import packageJson from "../package.json" with { type: "json" };

/** The `smolvlm` command. `signal` is aborted when the user interrupts. */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command("smolvlm")
    .description("Answers about pictures with SmolVLM and SmolVLM2, straight from a Hugging Face checkpoint.")
    .version(packageJson.version)
    .exitOverride()
    .showHelpAfterError("(smolvlm --help, or smolvlm <command> --help, lists the options)");
  const commands = [describeCommand, chatCommand, runCommand, inspectCommand, convertCommand, cacheCommand];
  for (const create of [...commands, benchCommand, demoCommand]) {
    const command = create(signal).option("--debug", "show where an error happened");
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}
