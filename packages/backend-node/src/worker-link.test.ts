import { BackendError } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { workerLink } from "./worker-link.js";

const options = { device: "cpu", threads: 1, logSeverity: 4 } as const;

/** A link to a worker made of `code`. */
function linkTo(code: string, eager?: boolean) {
  const script = `import { parentPort } from "node:worker_threads"; ${code}`;
  return workerLink("test", options, new URL(`data:text/javascript,${encodeURIComponent(script)}`), eager);
}

test.each([
  ["ends", `process.exit(3)`, /ended with exit code 3.*create a new backend/],
  ["throws", `throw new RangeError("no memory")`, /failed: no memory.*create a new backend/],
])("when the worker %s, every waiting call is rejected, and every later one", async (_, action, message) => {
  const link = linkTo(`parentPort.on("message", ({ id }) => { if (id === 3) ${action} });`);
  const calls = [1, 2, 3].map((cache) => link.call("disposeCache", { cache }));
  for (const call of calls) {
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toSatisfy((error) => BackendError.isInstance(error));
  }
  await expect(link.call("disposeCache", { cache: 4 })).rejects.toThrow(message);
  await link.close();
});

test("a worker that cannot be started says so", async () => {
  const link = workerLink("test", options, new URL("./no-such-worker.js", import.meta.url));
  await expect(link.call("disposeCache", { cache: 1 })).rejects.toThrow(/no-such-worker.*`worker: false`/);
});

test("closing rejects what still waits", async () => {
  const link = linkTo(`parentPort.on("message", () => undefined);`);
  const rejected = expect(link.call("disposeCache", { cache: 1 })).rejects.toThrow(/disposed/);
  await link.close();
  await rejected;
});

test("closing without a call starts no worker", async () => {
  await linkTo("").close();
});

test("an eager one starts its worker before the first call", async () => {
  const channel = new BroadcastChannel("worker-link.test");
  const started = new Promise((resolve) => channel.addEventListener("message", resolve, { once: true }));
  const link = linkTo(`new BroadcastChannel("worker-link.test").postMessage("here");`, true);
  await started;
  channel.close();
  await link.close();
});
