import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { undisturbed } from "../quiet.mjs";
import { QUESTION, someTokens } from "../serve-side.mjs";
import { startSide } from "../side.mjs";
import { sidesOf } from "../sides.mjs";
import { millisecondsOf, PROMPT } from "../stages.mjs";
import { openSide, serveSite } from "../web/site.mjs";

/** Tokens before those that are timed. */
const CONTEXT = 128;

/** The formats that each device runs as they are; and the one of the other parts while one part is in each of them. */
export const DEVICES = {
  cpu: { formats: ["fp32", "fp16", "q8", "int8", "q4"], base: "q8" },
  // Blocks become rows there.
  wasm: { formats: ["fp32", "fp16", "int8"], base: "int8" },
};

/**
 * Times of every format of a device, each the least of some rounds: what others take of the machine only adds. In each round all formats are asked.
 *
 * @param {"cpu" | "wasm"} device
 * @param {{ folder: string, photo: Uint8Array, vocabulary: number, threads: number, rounds: number, steps: number, tries: number,
 *   log: (line: string) => void }} options `folder` has the checkpoint; `vocabulary` tokens are known.
 * @returns {Promise<{ times: import("./choose-formats.mjs").Times, versions: Record<string, string> }>}
 */
export async function measureTimes(device, options) {
  const { formats, base } = DEVICES[device];
  const times = { base, vision: {}, prefill: {}, text: {}, head: {} };
  const keep = (part, format, ms) => (times[part][format] = Math.min(ms, times[part][format] ?? Infinity));
  const sides = [
    ...formats.map((format) => ({
      dtype: { vision: format, text: format, head: base },
      async ask(probe) {
        keep("vision", format, await probe.vision());
        keep("prefill", format, await probe.prefill());
        const token = await probe.token();
        keep("text", format, token);
        if (format === base) keep("head", format, token);
      },
    })),
    ...formats
      .filter((format) => format !== base)
      .map((format) => ({
        dtype: { vision: base, text: base, head: format },
        ask: async (probe) => keep("head", format, await probe.token()),
      })),
  ];
  const versions = await (device === "cpu" ? inProcesses : inPages)(sides, options);
  return { times, versions };
}

/** Each side in a process of its own, all of them loaded, asked in turn. */
async function inProcesses(sides, { folder, threads, rounds, steps, tries, log }) {
  const store = await mkdtemp(join(tmpdir(), "smolvlm-bench-weights-"));
  const running = [];
  try {
    for (const { dtype, ask } of sides) {
      const [{ command, args }] = sidesOf({ dtypes: ["fp32"], folder, threads, store });
      const side = startSide(command, args);
      running.push({ side, dtype, ask });
      await side.ask("load", { folder, dtype, threads, store });
    }
    // The first round warms up, and is not kept: `ask` would keep it.
    for (const { side } of running) await Promise.all([side.ask("vision"), side.ask("prefill", { context: CONTEXT })]);
    for (let round = 0; round < rounds; round++) {
      for (const { side, dtype, ask } of running) {
        const one = async (operation, options) =>
          millisecondsOf(await undisturbed(() => side.ask(operation, options), tries));
        await ask({
          vision: () => one("vision"),
          prefill: () => one("prefill", { context: PROMPT }),
          token: () => one("decode", { context: CONTEXT, steps }),
        });
        log(`cpu, round ${round + 1}: ${JSON.stringify(dtype)}`);
      }
    }
    const { versions } = await running[0].side.ask("info");
    return { Node: process.version.slice(1), "onnxruntime-node": versions["onnxruntime-node"] };
  } finally {
    await Promise.all(running.map(({ side }) => side.close()));
    await rm(store, { recursive: true, force: true });
  }
}

/** Each side in a browser of its own, one after the other: a page needs much of the machine's memory. */
async function inPages(sides, { folder, photo, vocabulary, threads, rounds, steps, log }) {
  const site = await serveSite({ checkpoint: folder, photo });
  const versions = { "onnxruntime-web": site.versions["our onnxruntime-web"] };
  try {
    for (const { dtype, ask } of sides) {
      const { call, version, close } = await openSide(site.origin, "ours");
      versions.Chromium = version;
      try {
        await call("load", { dtype, threads });
        await call("prepare", { question: QUESTION });
        const decode = (count, steps_) => call("decode", { ids: someTokens(count, vocabulary), steps: steps_ });
        await decode(CONTEXT, 2);
        for (let round = 0; round < rounds; round++) {
          await ask({
            vision: async () => (await call("vision")).ms,
            prefill: async () => (await decode(PROMPT, 1)).prefillMs,
            token: async () => millisecondsOf(await decode(CONTEXT, steps)),
          });
          log(`wasm, round ${round + 1}: ${JSON.stringify(dtype)}`);
        }
      } finally {
        await close();
      }
    }
    return versions;
  } finally {
    site.close();
  }
}
