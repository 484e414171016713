import { readFile } from "node:fs/promises";

/**
 * Most memory this process has held, bytes, weights that are mapped from disk included. Linux's own figure where there is one:
 * `maxRSS` would include what the parent held before it started this process.
 */
export async function peakMemory(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kilobytes = /VmHWM:\s+(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kilobytes) * 1024;
}
