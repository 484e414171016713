import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** What other processes may use of the machine during a measurement. */
const TOLERATED = 0.05;
/** Clock ticks make short measurements look disturbed; milliseconds. */
const TICKS_MS = 30;
/** Rest before each measurement, so that the other side's threads have stopped spinning. */
const REST_MS = 300;
const PATIENCE_MS = 1500;

/**
 * Repeats a measurement that other processes disturbed, and keeps the one disturbed least.
 *
 * @template {{ cpuMs: number }} T
 * @param {() => Promise<T>} work gives what was measured, and the processor time it took itself.
 * @param {number} tries
 * @returns {Promise<T & { others: number }>} `others`: the share of the machine that other processes had, 0 to 1.
 */
export async function undisturbed(work, tries) {
  let best;
  for (let tried = 0; tried < tries; tried++) {
    await sleep(tried === 0 ? REST_MS : PATIENCE_MS);
    const before = busy();
    const result = await work();
    const after = busy();
    const available = (after.now - before.now) * cpus().length;
    const others = Math.max(0, after.all - before.all - (after.own - before.own) - result.cpuMs - TICKS_MS) / available;
    if (best === undefined || others < best.others) best = { ...result, others };
    if (others <= TOLERATED) break;
  }
  return best;
}

/** Milliseconds of processor time that everything, and this process, has used. */
function busy() {
  const all = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const { user, system } = process.cpuUsage();
  return { now: performance.now(), all, own: (user + system) / 1000 };
}
