import { mkdir, open, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { errorCode } from "./file-problem.js";
import { pause } from "../remote/http-client.js";

/** How often a holder shows that it is alive, in milliseconds. */
const HEARTBEAT = 5_000;
/** Silence after which a lock of another machine counts as left behind. */
const STALE_ELSEWHERE = 60_000;
/** The same within this process, where a lock that is not known here may be another thread's. */
const STALE_HERE = 3 * HEARTBEAT;
/** How often a waiter looks again. */
const POLL = 100;

const heldHere = new Set<string>();

/**
 * Runs `work` while holding the lock file `path`, so that two processes do not download the same file twice. It is a courtesy, not
 * what correctness rests on (some network file systems lie about exclusive creation): the work must be safe without it.
 *
 * @param isDone - looked at while waiting; when true, someone else has done the work and this returns.
 */
export async function withFileLock(
  path: string,
  isDone: () => Promise<boolean>,
  signal: AbortSignal | undefined,
  work: () => Promise<void>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  for (;;) {
    signal?.throwIfAborted();
    if (await isDone()) return;
    if (await create(path)) break;
    if (await isStale(path)) await rm(path, { force: true });
    else await pause(POLL, signal);
  }
  heldHere.add(path);
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), HEARTBEAT);
  beat.unref();
  try {
    if (!(await isDone())) await work();
  } finally {
    clearInterval(beat);
    heldHere.delete(path);
    await rm(path, { force: true });
  }
}

async function create(path: string): Promise<boolean> {
  try {
    await using file = await open(path, "wx");
    await file.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }));
    return true;
  } catch (cause) {
    if (errorCode(cause) === "EEXIST") return false;
    throw cause;
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const age = Date.now() - (await stat(path)).mtimeMs;
    const owner: unknown = JSON.parse((await readFile(path, "utf8")) || "{}");
    const { pid, host } = owner as { pid?: unknown; host?: unknown };
    if (host !== hostname() || typeof pid !== "number") return age > STALE_ELSEWHERE;
    if (pid === process.pid) return !heldHere.has(path) && age > STALE_HERE;
    return !isRunning(pid);
  } catch (cause) {
    // Gone in between, or half-written by a process that died: look again, later by its age.
    if (errorCode(cause) === "ENOENT") return false;
    const age = await stat(path)
      .then((found) => Date.now() - found.mtimeMs)
      .catch(() => 0);
    return age > STALE_ELSEWHERE;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it runs under another user.
    return errorCode(cause) !== "ESRCH";
  }
}
