import { vi } from "vitest";
import { runProgram } from "../run-program.js";

/** What a command line left behind. */
export interface Captured {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, as a pipe would see it. */
export async function capture(args: readonly string[], signal = new AbortController().signal): Promise<Captured> {
  const out: string[] = [];
  const err: string[] = [];
  const collect = (into: string[]) => (chunk: string | Uint8Array) => {
    into.push(String(chunk));
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(collect(out)),
    vi.spyOn(process.stderr, "write").mockImplementation(collect(err)),
  ];
  try {
    const status = await runProgram(args, signal);
    return { status, stdout: out.join(""), stderr: err.join("") };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
