import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { undisturbed } from "./quiet.mjs";
import { bandwidthMeter } from "./read-bandwidth.mjs";
import { startSide } from "./side.mjs";
import { millisecondsOf, stagesOf } from "./stages.mjs";

/** How often a measurement is tried while other processes disturb it; answers take long. */
const TRIES = 4;
const ANSWER_TRIES = 2;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Measures all sides: a process for each of our formats and one for PyTorch, asked in turn, the order rotating from round to round.
 *
 * @param {{ folder: string, dtypes: string[], python?: string, threads: number, rounds: number, loads: number, steps: number,
 *   newTokens: number, photo: string, largePhoto: string }} options
 * @param {(line: string) => void} log
 * @param {(results: object) => Promise<void>} onRound is given all there is after each round, so that an interrupted run leaves a report.
 * The results are `info`, `loads`, `answers`, `rounds` and `limits`; times in milliseconds, memory in bytes.
 */
export async function measure(options, log, onRound) {
  const { dtypes, python, threads, rounds } = options;
  const store = await mkdtemp(join(tmpdir(), "smolvlm-bench-weights-"));
  const names = [...dtypes, ...(python ? ["torch"] : [])];
  const start = (name) => {
    const isTorch = name === "torch";
    return startSide(isTorch ? python : process.execPath, [here(isTorch ? "bench_reference.py" : "side-ours.mjs")]);
  };
  const loadOptions = (name) => {
    const { folder } = options;
    return name === "torch" ? { folder, threads } : { folder, threads, dtype: name, store };
  };
  const meter = bandwidthMeter(threads);
  const sides = new Map();
  try {
    const loads = await measureLoads(names, start, loadOptions, options.loads, log);
    for (const name of names) sides.set(name, start(name));
    for (const [name, side] of sides) await side.ask("load", loadOptions(name));
    const versions = await Promise.all([...sides.values()].map(async (side) => (await side.ask("info")).versions));
    const info = Object.assign({}, ...versions);
    const answers = await measureAnswers(sides, options, log);
    const limits = [];
    const measured = [];
    // The first round warms caches up and is not kept.
    for (let round = 0; round <= rounds; round++) {
      log(round === 0 ? "warm-up" : `round ${round} of ${rounds}`);
      const results = await measureRound(sides, stagesOf(options), round, log);
      const bandwidth = await undisturbed(meter.measure, TRIES);
      const torch = sides.has("torch") ? await undisturbed(() => sides.get("torch").ask("limits"), TRIES) : undefined;
      if (round === 0) continue;
      limits.push({ reader: bandwidth.bytesPerSecond, torch: torch?.bandwidth, flops: torch?.flops });
      measured.push(results);
      await onRound({ info, loads, answers, rounds: measured, limits });
    }
  } finally {
    await Promise.all([...sides.values()].map((side) => side.close()));
    await meter.close();
    await rm(store, { recursive: true, force: true });
  }
}

/** Fresh processes; the first load of a quantised format converts the weights, which is told apart. */
async function measureLoads(names, start, loadOptions, count, log) {
  const loads = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= count; round++) {
    for (const name of names) {
      const load = async () => {
        const side = start(name);
        const loaded = await side.ask("load", loadOptions(name));
        await side.close();
        return { ...loaded, cpuMs: loaded.totalCpuMs };
      };
      // What a first load converts is there the second time.
      loads[name].push(await undisturbed(load, round === 0 ? 1 : TRIES));
      log(`load ${name} ${Math.round(loads[name].at(-1).ms)} ms`);
    }
  }
  return Object.fromEntries(Object.entries(loads).map(([name, [first, ...later]]) => [name, { first, later }]));
}

/** A whole answer about the photo, the first thing a process does after loading: its memory is what a user of one answer sees. */
async function measureAnswers(sides, { photo, newTokens }, log) {
  const answers = {};
  let ids;
  for (const [name, side] of sides) {
    ids ??= (await side.ask("prompt", { photo })).ids;
    const request = { photo, newTokens, ...(name === "torch" ? { ids } : {}) };
    answers[name] = await undisturbed(() => side.ask("answer", request), ANSWER_TRIES);
    log(`answer ${name} ${Math.round(answers[name].ms)} ms`);
  }
  return { promptTokens: ids.length, newTokens, sides: answers };
}

async function measureRound(sides, stages, round, log) {
  const names = [...sides.keys()];
  const first = round % names.length;
  const inTurn = [...names.slice(first), ...names.slice(0, first)];
  const results = {};
  for (const { id, operation, options, sides: which } of stages) {
    results[id] = {};
    const ours = names[0];
    // The formats need the photo's pixels too, before they can be asked for a frame.
    const asked = which === "all" || round === 0 ? inTurn : inTurn.filter((name) => name === ours || name === "torch");
    for (const name of asked) {
      results[id][name] = await undisturbed(() => sides.get(name).ask(operation, options), round === 0 ? 1 : TRIES);
    }
    const times = Object.entries(results[id]).map(
      ([name, result]) => `${name} ${millisecondsOf(result).toFixed(1)} (${(100 * result.others).toFixed(0)} %)`,
    );
    log(`  ${id}: ${times.join(", ")} ms`);
  }
  return results;
}
