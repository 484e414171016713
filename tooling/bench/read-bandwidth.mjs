/**
 * How fast the machine's cores can read memory together, measured with a loop of 16-byte loads in WebAssembly, one instance and one
 * array per thread. It needs neither ONNX Runtime nor PyTorch, so that neither is measured against itself.
 */
import { Buffer } from "node:buffer";
import { performance } from "node:perf_hooks";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { fileURLToPath } from "node:url";

/** Bytes per thread: far beyond any cache. */
const ARRAY_BYTES = 256 * 2 ** 20;
const PASSES = 4;

/** LEB128, as WebAssembly writes integers. */
const leb = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];

/** A module with `read(from, to)`, which combines all 64-byte lines between two addresses. */
function readerModule() {
  const [v128, i32] = [0x7b, 0x7f];
  const accumulators = [2, 3, 4, 5];
  const combine = accumulators.flatMap((local, index) => [
    ...[0x20, local, 0x20, 0x00], // local.get accumulator, local.get from
    ...[0xfd, 0x00, 0x04, 16 * index], // v128.load align=16 offset
    ...[0xfd, 0x51, 0x21, local], // v128.xor, local.set accumulator
  ]);
  const next = [0x20, 0x00, 0x41, 0xc0, 0x00, 0x6a, 0x22, 0x00, 0x20, 0x01, 0x49, 0x0d, 0x00]; // from += 64; loop if from < to
  const fold = [0x20, 2, ...[3, 4, 5].flatMap((local) => [0x20, local, 0xfd, 0x51]), 0xfd, 0x1b, 0x00];
  const body = [0x01, accumulators.length, v128, 0x03, 0x40, ...combine, ...next, 0x0b, ...fold, 0x0b];
  const name = (text) => [text.length, ...Buffer.from(text)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 2, i32, i32, 1, i32]), // type (i32, i32) → i32
    ...section(3, [1, 0]), // one function of that type
    ...section(5, [1, 0x00, ...leb(ARRAY_BYTES / 65536)]), // its memory
    ...section(7, [2, ...name("read"), 0x00, 0x00, ...name("memory"), 0x02, 0x00]), // exports
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

/**
 * Starts the threads.
 *
 * @param {number} threads
 * @returns {{ measure(): Promise<{ bytesPerSecond: number, cpuMs: number }>, close(): Promise<void> }} bytes per second over all threads
 */
export function bandwidthMeter(threads) {
  const workers = Array.from(
    { length: threads },
    () => new Worker(fileURLToPath(import.meta.url), { workerData: "reader" }),
  );
  return {
    async measure() {
      const spans = await Promise.all(workers.map(ask));
      const seconds = (Math.max(...spans.map(({ end }) => end)) - Math.min(...spans.map(({ start }) => start))) / 1000;
      // The threads are this process's own, which `undisturbed` counts already.
      return { bytesPerSecond: (threads * PASSES * ARRAY_BYTES) / seconds, cpuMs: 0 };
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker) {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.postMessage("go");
  });
}

async function serve() {
  const { instance } = await globalThis.WebAssembly.instantiate(readerModule());
  const { read, memory } = instance.exports;
  new Float64Array(memory.buffer).fill(1);
  read(0, ARRAY_BYTES); // compiled and paged in
  const now = () => performance.timeOrigin + performance.now();
  parentPort.on("message", () => {
    const start = now();
    for (let pass = 0; pass < PASSES; pass++) read(0, ARRAY_BYTES);
    parentPort.postMessage({ start, end: now() });
  });
}

if (!isMainThread && workerData === "reader") await serve();
