import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setInterval } from "node:timers/promises";

const INTERVAL_MS = 40;
/** Linux's unit of processor time in /proc, on every architecture that Node runs on. */
const TICK_MS = 10;

/** Peak memory and processor time so far of a process and of all that it started; nothing of one that has ended. */
async function look(pid) {
  try {
    const [status, stat, children] = await Promise.all(
      ["status", "stat", `task/${pid}/children`].map((name) => readFile(`/proc/${pid}/${name}`, "utf8")),
    );
    const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const own = { pid, peak, cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
    return [own, ...(await Promise.all(children.split(" ").filter(Boolean).map(Number).map(look))).flat()];
  } catch {
    return [];
  }
}

/**
 * Runs a program that prints one JSON object, and watches it and what it starts. Linux only.
 *
 * @returns {Promise<object & { peak: number, cpuMs: number }>} what it printed; `peak` is the sum of the greatest sizes that its processes
 * had in memory, bytes, of which no more than those that ran at once are added up.
 */
export async function watched(command, commandArguments) {
  const child = spawn(command, commandArguments, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const cpu = new Map();
  let peak = 0;
  let isOver = false;
  const watching = (async () => {
    for await (const _tick of setInterval(INTERVAL_MS)) {
      if (isOver) return;
      const found = await look(child.pid);
      for (const { pid, cpuMs } of found) cpu.set(pid, cpuMs);
      peak = Math.max(
        peak,
        found.reduce((sum, process) => sum + process.peak, 0),
      );
    }
  })();
  const code = await ended;
  isOver = true;
  await watching;
  const line = text.split("\n").findLast((candidate) => candidate.startsWith("{"));
  if (code !== 0 || line === undefined)
    throw new Error(`${command} ${commandArguments.join(" ")} ended with exit code ${code}.`);
  return { ...JSON.parse(line), peak, cpuMs: [...cpu.values()].reduce((sum, ms) => sum + ms, 0) };
}
