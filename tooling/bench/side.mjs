import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * A process that measures one side. It reads one JSON request a line from stdin and answers each with one line on stdout:
 * `{"result": …}` or `{"error": "…"}`; a result also has the processor time of the request, `cpuMs`, and of the process, `totalCpuMs`. What it writes to stderr goes to ours.
 *
 * @param {string} command
 * @param {string[]} commandArguments
 * @returns {{ ask(operation: string, options?: object): Promise<any>, close(): Promise<void> }}
 */
export function startSide(command, commandArguments) {
  const child = spawn(command, commandArguments, { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = [];
  const exited = new Promise((resolve) => child.once("close", resolve));
  child.on("error", (error) => waiting.splice(0).forEach(({ reject }) => reject(error)));
  exited.then((code) => {
    const error = new Error(`${command} ended with exit code ${code} before it answered.`);
    waiting.splice(0).forEach(({ reject }) => reject(error));
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    // Libraries print too; answers are the lines that are ours.
    if (!line.startsWith('{"')) return;
    const { result, error } = JSON.parse(line);
    const call = waiting.shift();
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(`${command}: ${error}`));
  });
  return {
    ask(operation, options = {}) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify({ operation, ...options })}\n`);
      });
    },
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
