import { rateOf } from "../../../apps/cli/src/bench/bandwidth-reader.ts";

const TRIES = 8;

/** Memory that WebAssembly reads in this page, bytes a second of some threads together: the best of some measurements. Takes 256 MiB a thread. */
export async function bandwidth({ threads }) {
  const readers = Array.from({ length: threads }, () => new Worker("/bandwidth/worker.js", { type: "module" }));
  const read = (reader) =>
    new Promise((resolve, reject) => {
      reader.onmessage = ({ data }) => resolve(data);
      reader.onerror = ({ message }) => reject(new Error(`a reader of memory failed: ${message}`));
      reader.postMessage(undefined);
    });
  try {
    // Fills their memory.
    await Promise.all(readers.map(read));
    const rates = [];
    for (let tried = 0; tried < TRIES; tried++) rates.push(rateOf(await Promise.all(readers.map(read))));
    return Math.max(...rates);
  } finally {
    for (const reader of readers) reader.terminate();
  }
}
