import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { bandwidthMeter } from "@smolvlm/cli/bench";
import { measureQuality } from "./quality/measure-quality.mjs";
import { undisturbed } from "./quiet.mjs";
import { startSide } from "./side.mjs";
import { sidesOf } from "./sides.mjs";
import { millisecondsOf, stagesOf } from "./stages.mjs";

/** Answers take long: that is how often one is tried at most. */
const ANSWER_TRIES = 2;

/** Tokens that transformers.js and we make of the same pixel values, to see that both compute the same. */
const SAME_TOKENS = 16;

/**
 * Measures all sides: a process for each of our formats and for each peer, asked in turn, the order rotating from round to round.
 *
 * @param {{ folder: string, dtypes: string[], sessionDtype: string, python?: string, peers?: object, threads: number, rounds: number,
 *   photoRounds: number, loads: number, tries: number, steps: number, newTokens: number, photo: string, largePhoto: string }} options
 * @param {{ log: (line: string) => void, onProgress: (results: object) => Promise<void>, before?: object }} run `onProgress` is given all
 * there is after each part, so that an interrupted run leaves a report; `before` is what such a run left, and is not measured again.
 * The results are `info`, `loads`, `quality`, `answers`, `same`, `rounds` and `limits`; times in milliseconds, memory in bytes.
 */
export async function measure(options, { log, onProgress, before = {} }) {
  const { threads, rounds, photoRounds, tries } = options;
  const store = await mkdtemp(join(tmpdir(), "smolvlm-bench-weights-"));
  const all = sidesOf({ ...options, store });
  const results = { rounds: [], limits: [], ...before };
  const keep = async (part) => onProgress(Object.assign(results, part));
  const meter = bandwidthMeter(threads);
  const running = new Map();
  try {
    if (!results.loads) await keep({ loads: await measureLoads(all, options, log) });
    if (!results.quality) await keep({ quality: await measureQuality({ log }) });
    for (const side of all) {
      const process_ = startSide(side.command, side.args);
      running.set(side, process_);
      await process_.ask("load", side.load);
    }
    if (!results.info) {
      const versions = await Promise.all([...running.values()].map(async (side) => (await side.ask("info")).versions));
      await keep({ info: Object.assign({}, ...versions) });
    }
    // Ours first: one of them is then asked for the prompt that others need, which takes memory of its own.
    const [ours, others] = [true, false].map((isOurs) =>
      [...running].filter(([{ group }]) => (group === "ours") === isOurs),
    );
    const answers = results.answers ? {} : await measureAnswers(ours, options, log);
    const frames = join(store, "frames.bin");
    const { ids, dims } = await running.get(all[0]).ask("prompt", { photo: options.photo, file: frames });
    if (!results.answers) {
      Object.assign(answers, await measureAnswers(others, { ...options, ids }, log));
      await keep({ answers: { promptTokens: ids.length, newTokens: options.newTokens, sides: answers } });
      await keep({ same: await sameInputs(running, { file: frames, ids, dims, newTokens: SAME_TOKENS }, log) });
    }
    const stages = stagesOf({ ...options, ids });
    const light = stages.filter(({ isHeavy }) => !isHeavy);
    if (results.rounds.length < rounds) {
      // Warms caches up, and is not kept.
      log("warm-up");
      await measureRound(running, light, 0, 1, log);
    }
    while (results.rounds.length < rounds) {
      const number = results.rounds.length + 1;
      log(`round ${number} of ${rounds}`);
      const measured = await measureRound(running, number <= photoRounds ? stages : light, number, tries, log);
      const limits = await measureLimits(running, meter, tries);
      await keep({ rounds: [...results.rounds, measured], limits: [...results.limits, limits] });
    }
  } finally {
    await Promise.all([...running.values()].map((side) => side.close()));
    await meter.close();
    await rm(store, { recursive: true, force: true });
  }
}

/** Fresh processes; the first load of a format converts the weights, which is told apart. */
async function measureLoads(sides, { loads: count, tries }, log) {
  const loads = Object.fromEntries(sides.map(({ name }) => [name, []]));
  for (let round = 0; round <= count; round++) {
    for (const { name, command, args, load } of sides) {
      const once = async () => {
        const start = performance.now();
        const side = startSide(command, args);
        const loaded = await side.ask("load", load);
        const startMs = performance.now() - start;
        await side.close();
        return { ...loaded, startMs, cpuMs: loaded.totalCpuMs };
      };
      // What a first load converts is there the second time.
      loads[name].push(await undisturbed(once, round === 0 ? 1 : tries));
      log(`load ${name} ${Math.round(loads[name].at(-1).ms)} ms`);
    }
  }
  return Object.fromEntries(Object.entries(loads).map(([name, [first, ...later]]) => [name, { first, later }]));
}

/** A whole answer about the photo, the first thing a process does after loading: its memory is what a user of one answer sees. */
async function measureAnswers(sides, { photo, newTokens, ids, tries }, log) {
  const answers = {};
  for (const [{ name, group, operations }, side] of sides) {
    if (!operations.has("answer")) continue;
    const request = { photo, newTokens, ...(group === "torch" ? { ids } : {}) };
    answers[name] = await undisturbed(() => side.ask("answer", request), Math.min(tries, ANSWER_TRIES));
    log(`answer ${name} ${Math.round(answers[name].ms)} ms`);
  }
  return answers;
}

/** Greedy tokens of transformers.js for our own pixel values: its image processor makes others. */
async function sameInputs(running, request, log) {
  for (const [{ name, operations }, side] of running) {
    if (!operations.has("sameInputs")) continue;
    const { tokens } = await side.ask("sameInputs", request);
    log(`same pixel values ${name}`);
    return { tokens };
  }
  return {};
}

async function measureRound(running, stages, round, tries, log) {
  const sides = [...running.keys()];
  const first = round % sides.length;
  const inTurn = [...sides.slice(first), ...sides.slice(0, first)];
  const results = {};
  for (const { id, operation, options, isHeavy } of stages) {
    results[id] = {};
    for (const side of inTurn.filter(({ operations }) => operations.has(operation))) {
      const { group, load, name } = side;
      const { ids, ...others } = options ?? {};
      const request = {
        ...others,
        ...(group === "torch" && ids ? { ids } : {}),
        ...(operation === "samePicture" ? load : {}),
      };
      const asked = operation === "decodeBatch" ? "decode" : operation;
      results[id][name] = await undisturbed(() => running.get(side).ask(asked, request), isHeavy ? 1 : tries);
    }
    const times = Object.entries(results[id]).map(
      ([name, result]) => `${name} ${millisecondsOf(result).toFixed(1)} (${(100 * result.others).toFixed(0)} %)`,
    );
    log(`  ${id}: ${times.join(", ")} ms`);
  }
  return results;
}

/** The reader needs neither ONNX Runtime nor PyTorch, so that neither is measured against itself. */
async function measureLimits(running, meter, tries) {
  // The threads are this process's own, which `undisturbed` counts already.
  const reader = await undisturbed(async () => ({ bytesPerSecond: await meter.measure(), cpuMs: 0 }), tries);
  const limits = { reader: reader.bytesPerSecond };
  for (const [{ operations }, side] of running) {
    if (!operations.has("limits")) continue;
    const { bandwidth, flops } = await undisturbed(() => side.ask("limits"), tries);
    return { ...limits, torch: bandwidth, flops };
  }
  return limits;
}
