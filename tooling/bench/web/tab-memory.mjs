import { readdir, readFile } from "node:fs/promises";
import { setInterval } from "node:timers/promises";

const INTERVAL_MS = 100;

/** A process's parent, what it is, and the most memory it has had, bytes; undefined when it has ended. */
async function look(pid) {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const field = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    return { pid, parent: field("PPid"), peak: field("VmHWM") * 1024 };
  } catch {
    return undefined;
  }
}

/** All that this process has started and that runs now. */
async function descendants() {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map((await Promise.all(pids.map(look))).filter(Boolean).map(({ pid, parent }) => [pid, parent]));
  const isOurs = (pid) => parents.has(pid) && (parents.get(pid) === process.pid || isOurs(parents.get(pid)));
  return [...parents.keys()].filter(isOurs);
}

async function isRenderer(pid) {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.includes("--type=renderer");
}

/**
 * Watches the memory of the one browser that this process has started and whose page is open, from /proc (Linux only). The kernel's own
 * greatest figure forgets what another process took back from shared memory, so it is read again and again.
 *
 * @returns {Promise<{ peak: () => { tab: number, all: number }, stop: () => Promise<void> }>} bytes so far: `tab`, of the renderer that
 * was largest, which holds the page and its workers; `all`, the sum of each process's greatest, which need not have been at once.
 */
export async function watchMemory() {
  const all = await descendants();
  const isTab = await Promise.all(all.map(isRenderer));
  const renderers = all.filter((_, index) => isTab[index]);
  if (renderers.length === 0) throw new Error("/proc shows no renderer of the browser; its memory cannot be measured.");
  const peaks = new Map();
  let isOver = false;
  const sample = async () => {
    for (const found of await Promise.all(all.map(look))) {
      if (found) peaks.set(found.pid, Math.max(peaks.get(found.pid) ?? 0, found.peak));
    }
  };
  await sample();
  const watching = (async () => {
    for await (const _tick of setInterval(INTERVAL_MS)) {
      if (isOver) return;
      await sample();
    }
  })();
  return {
    peak: () => ({
      tab: Math.max(...renderers.map((pid) => peaks.get(pid) ?? 0)),
      all: [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0),
    }),
    async stop() {
      isOver = true;
      await watching;
    },
  };
}
