/** What the processes that measure share; see `side.mjs`. */
import { readFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

/** What is asked about the photo. */
export const QUESTION = "Describe the picture.";
/** Tokens of the prompt that shows that loading is complete. */
export const FIRST_PROMPT = 16;

/** Any ids that are text, the same on every side: what they are does not matter to speed. */
export function someTokens(count, vocabulary) {
  const first = Math.floor(vocabulary / 50);
  const range = Math.floor(vocabulary * 0.8);
  return Array.from({ length: count }, (_, index) => first + ((index * 7919) % range));
}

export async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

/** Most memory this process has held, bytes. Linux's own figure: `maxRSS` would include what the parent held before it started us. */
export async function peakMemory() {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kilobytes = /VmHWM:\s+(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kilobytes) * 1024;
}

/** Answers the requests on stdin until it ends. */
export async function serve(operations) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { operation, ...options } = JSON.parse(line);
    const before = processorTime();
    try {
      const result = await operations[operation](options);
      const total = processorTime();
      console.log(JSON.stringify({ result: { ...result, cpuMs: total - before, totalCpuMs: total } }));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error?.stack ?? error) }));
    }
  }
}

/** Milliseconds that all threads of this process have used. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
