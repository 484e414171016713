import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * Physical cores this process may use, at least 1: two hardware threads of one core do not multiply matrices faster than one.
 * Linux tells which hardware threads share a core and what a container may use; elsewhere every hardware thread is taken for a core.
 */
export function physicalCores(): number {
  const threads = availableParallelism();
  const cores = new Set<string>();
  for (let cpu = 0; cpu < threads; cpu++) {
    cores.add(read(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`) ?? `cpu ${cpu}`);
  }
  const [quota, period] = (read("/sys/fs/cgroup/cpu.max") ?? "max").split(" ").map(Number);
  const allowed = quota && period ? Math.ceil(quota / period) : threads;
  return Math.max(1, Math.min(cores.size, allowed));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
