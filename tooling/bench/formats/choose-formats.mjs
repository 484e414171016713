/**
 * The rule by which `dtype: "auto"` is chosen from what was measured; `formats.mjs` measures, `choice.test.ts` holds the shipped choice to it.
 *
 * @typedef {{ vision: string, text: string, head: string }} Combination the format of each part.
 * @typedef {{ base: string, vision: Record<string, number>, prefill: Record<string, number>, text: Record<string, number>,
 *   head: Record<string, number> }} Times milliseconds by format: a frame; a prompt of `PROMPT` tokens and a token with the text model in
 *   it and the head in `base`; a token with the head in it and the text model in `base`.
 * @typedef {{ machine: object, times: Times, logits: Record<string, Record<keyof Combination, number>>,
 *   answers: Record<string, number> }} Measured of one machine: beside the times the root mean square of what the logits of the bundled
 *   model are off with one part in a format, as a part of their range, and the part of its answers that equal fp32's, by combination.
 */
import { blockLengths } from "smolvlm";
import { PROMPT } from "../stages.mjs";

/** What an answer is made of, in each of the two tasks whose times count alike. */
export const TASKS = [
  { name: "64 tokens about a photo of 4:3", frames: 13, prompt: 874, tokens: 64 },
  { name: "256 tokens after a text of 1024", frames: 0, prompt: 1024, tokens: 256 },
];
/** The part of the answers that must equal fp32's. */
export const EQUAL_ANSWERS = 0.995;
/**
 * `logits`: the most that they may be off with one part in a format, as a part of their range (root of the mean square). The bundled model is
 * small; in large ones some channels are far beyond the others, and with them rows of int8 lose four times what blocks lose. WASM has
 * no products of blocks, and a tab's memory is small (`bytes` of the matrices), so that the bound is wider there.
 */
export const LIMITS = { cpu: { logits: 0.005, bytes: Infinity }, wasm: { logits: 0.01, bytes: 400e6 } };
/** Combinations that take at most so much longer than the fastest count as equally fast, and the smallest of them is taken … */
export const AS_FAST = 1.02;
/** … or, of those that are at most so much larger than that, the most exact. */
export const AS_SMALL = 1.05;

/** Bytes of a weight in memory on a CPU: a block has a 4-byte scale, and fp16 is widened. */
const BYTES = { fp32: 4, fp16: 4, q8: 1 + 4 / blockLengths.q8, int8: 1, q4: 0.5 + 4 / blockLengths.q4 };

/** @param {Combination} combination */
export function nameOf({ vision, text, head }) {
  return `${vision}-${text}-${head}`;
}

/** Milliseconds of each task. */
export function taskTimes({ base, vision, prefill, text, head }, combination) {
  const token = text[combination.text] + head[combination.head] - head[base];
  return TASKS.map(
    ({ frames, prompt, tokens }) =>
      frames * vision[combination.vision] + (prompt / PROMPT) * prefill[combination.text] + tokens * token,
  );
}

/** Bytes of the matrices. `parameters` as `inspectModel` counts them; the head is stored for itself, and has the embedding's shape. */
export function bytesOf({ vision, connector, text, embedding }, combination) {
  const weights = { vision: vision + connector, text, head: embedding };
  return Object.entries(weights).reduce((sum, [part, count]) => sum + count * BYTES[combination[part]], 0);
}

/**
 * The combination for a device: the fastest whose answers are fp32's. Whether they are is asked from the fastest on, so that few must be measured.
 *
 * @param {keyof typeof LIMITS} device
 * @param {Measured[]} machines
 * @param {object} parameters see `bytesOf`.
 * @returns {{ chosen: Combination } | { unknown: Combination }} `unknown` where the answers of one must be measured first.
 */
export function chooseFormats(device, machines, parameters) {
  const limits = LIMITS[device];
  for (const { combination, bytes } of ranked(machines, parameters)) {
    const errors = machines.flatMap(({ logits }) => errorsOf(logits, combination));
    if (bytes > limits.bytes || errors.some((error) => error > limits.logits)) continue;
    const found = machines.map(({ answers }) => answers[nameOf(combination)]).filter((equal) => equal !== undefined);
    if (found.length === 0) return { unknown: combination };
    if (found.every((equal) => equal >= EQUAL_ANSWERS)) return { chosen: combination };
  }
  throw new Error("No combination is exact enough, not even fp32: the measurement is wrong.");
}

/**
 * All combinations, the best first. How slow one is, is the mean over the tasks of its time as a multiple of the least that any takes; where
 * several machines were measured, on the one where that is greatest.
 */
export function ranked(machines, parameters) {
  const combinations = combinationsOf(machines[0].times);
  const slowness = machines.map(({ times }) => {
    const all = combinations.map((combination) => taskTimes(times, combination));
    const least = TASKS.map((_, task) => Math.min(...all.map((each) => each[task])));
    return all.map((each) => each.reduce((sum, ms, task) => sum + ms / least[task], 0) / TASKS.length);
  });
  const waiting = combinations.map((combination, index) => ({
    combination,
    slowness: Math.max(...slowness.map((each) => each[index])),
    bytes: bytesOf(parameters, combination),
    error: Math.max(
      ...machines.map(({ logits }) => errorsOf(logits, combination).reduce((sum, each) => sum + each, 0)),
    ),
  }));
  waiting.sort((a, b) => a.slowness - b.slowness);
  const sorted = [];
  while (waiting.length > 0) {
    const asFast = waiting.filter((each) => each.slowness <= AS_FAST * waiting[0].slowness);
    const least = Math.min(...asFast.map(({ bytes }) => bytes));
    const asSmall = asFast.filter(({ bytes }) => bytes <= AS_SMALL * least);
    const best = asSmall.reduce((one, other) => (other.error < one.error ? other : one));
    sorted.push(...waiting.splice(waiting.indexOf(best), 1));
  }
  return sorted;
}

/** What each part's format does to the logits. */
function errorsOf(logits, combination) {
  return Object.entries(combination).map(([part, format]) => (format === "fp32" ? 0 : logits[format][part]));
}

function combinationsOf({ vision, text, head }) {
  return Object.keys(vision).flatMap((ofVision) =>
    Object.keys(text).flatMap((ofText) =>
      Object.keys(head).map((ofHead) => ({ vision: ofVision, text: ofText, head: ofHead })),
    ),
  );
}
