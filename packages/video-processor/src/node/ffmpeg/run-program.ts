import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { MediaError } from "@smolvlm/contracts";

/** Most characters kept of what a program says on its error channel. */
const MAX_MESSAGE = 4000;

/** A program that writes to its standard output. */
export interface RunningProgram {
  readonly output: Readable;
  /** What it said on its error channel so far. */
  message(): string;
  /** Resolves when it has ended, to its exit code; null when it was stopped. */
  readonly ended: Promise<number | null>;
  /** Stops it, if it runs. */
  stop(): void;
}

/** Versions of programs that have been seen to run. */
const versions = new Map<string, number>();

/** The version of ffmpeg or ffprobe, such as 5.1, infinite for a build without a number; undefined when it cannot be started. */
export function programVersion(program: string): Promise<number | undefined> {
  const known = versions.get(program);
  if (known !== undefined) return Promise.resolve(known);
  return new Promise((resolve) => {
    const child = spawn(program, ["-version"], { stdio: ["ignore", "pipe", "ignore"], windowsHide: true });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk.slice(0, MAX_MESSAGE)));
    child.once("error", () => resolve(undefined));
    child.once("close", (code) => {
      if (code !== 0) return resolve(undefined);
      const version = Number(/version n?(\d+\.\d+)/.exec(text)?.[1] ?? Infinity);
      versions.set(program, version);
      resolve(version);
    });
  });
}

/**
 * Starts a program without a shell and without input.
 *
 * @throws MediaError (from `ended`) when it cannot be started.
 */
export function runProgram(program: string, args: readonly string[], media: string): RunningProgram {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
  let message = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (message.length < MAX_MESSAGE) message += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new MediaError(media, `${program} could not be started (${cause.message}).`, { cause })),
    );
    child.once("close", resolve);
  });
  // It is awaited after the output has been read; until then a failure to start must not count as unhandled.
  ended.catch(() => undefined);
  return { output: child.stdout, message: () => message, ended, stop: () => void child.kill("SIGKILL") };
}

/** What is worth showing of a program's message: its last line, without the program's own prefixes and the file's name. */
export function shortMessage(message: string, path: string): string {
  const lines = message.split("\n").map((line) =>
    line
      .replace(/^\[[^\]]*\] ?/, "")
      .replaceAll(`file:${path}`, "")
      .replace(/^: /, "")
      .trim(),
  );
  const found = lines.filter((line) => line !== "" && !/^(?:Last message repeated|Conversion failed)/.test(line));
  return (found[0] ?? "no reason given").replace(/\.$/, "").slice(0, 200);
}
