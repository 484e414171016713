import { bytesPerToken, median } from "@smolvlm/cli/bench";
import { BATCH, CONTEXTS, millisecondsOf } from "./stages.mjs";

/** The format of the lines about tokens, of which the peers have a like. */
const FAST = "q8";
/** The formats of the lines about memory and start: what is promised of 8 bits, and what `auto` picks. */
const SMALL = ["auto", "q8"];
/** The part of the answers that must equal fp32's. */
export const SAME_ANSWERS = { q8: 0.995, q4: 0.97 };

/**
 * What this project promises and whether it was kept: `[promise, target, measured, verdict]`. What was not measured is left out.
 *
 * @param {object} measured what `report` is given.
 */
export function targetRows({ rounds, limits, loads, answers, config, fp32Bytes, dtypes, sessionDtype, quality = {} }) {
  const rows = [];
  const row = (promise, value, target, isKept, digits = 2) => {
    if (Number.isFinite(value))
      rows.push([promise, target, value.toFixed(digits), isKept(value) ? "kept" : "**missed**"]);
  };
  const atMost = (limit) => [`≤ ${limit}`, (value) => value <= limit];
  const atLeast = (limit) => [`≥ ${limit}`, (value) => value >= limit];
  const ms = (round, id, name) => (round[id]?.[name] ? millisecondsOf(round[id][name]) : NaN);
  /** Median over the rounds in which both were measured. */
  const over = (pick) => {
    const values = rounds.map(pick).filter(Number.isFinite);
    return values.length === 0 ? NaN : median(values);
  };
  const ratio = (id, name, other) => over((round) => ms(round, id, name) / ms(round, id, other));
  const bandwidth = (name) =>
    over((round, index) => {
      if (!loads[name]) return NaN;
      const seconds = ms(round, `decode${CONTEXTS[0]}`, name) / 1000;
      return (
        bytesPerToken(config, loads[name].first.formats, CONTEXTS[0]) /
        seconds /
        Math.max(limits[index].reader, limits[index].torch ?? 0)
      );
    });
  const photo = dtypes.includes("auto") ? "auto" : fastestOf({ rounds, dtypes });

  row(`${FAST} token from 128 tokens on, of the memory bandwidth`, bandwidth(FAST), ...atLeast(0.7));
  row(`fp32 token from 128 tokens on, of the memory bandwidth`, bandwidth("fp32"), ...atLeast(0.6));
  row(`${FAST} token from 128 tokens on, time of llama.cpp Q8_0's`, ratio("decode128", FAST, "llama-q8"), ...atMost(1));
  row(
    `${FAST} token from 128 tokens on, speed of transformers.js q8's`,
    1 / ratio("decode128", FAST, "tjs-q8"),
    ...atLeast(1.5),
  );
  row(
    `${FAST} token from 2048 tokens on, speed of transformers.js q8's`,
    1 / ratio("decode2048", FAST, "tjs-q8"),
    ...atLeast(2),
  );
  const grown = over((round) => ms(round, "decode2048", FAST) / ms(round, "decode128", FAST));
  if (loads[FAST]) {
    const { formats } = loads[FAST].first;
    const bytes = bytesPerToken(config, formats, 2048) / bytesPerToken(config, formats, 128);
    row(
      `${FAST} token from 2048 on, of one from 128 on (bytes read grow ${bytes.toFixed(2)} times)`,
      grown,
      ...atMost(Number(bytes.toFixed(2))),
    );
  }
  row(
    `photo to the first token, ${photo}, of transformers.js fp32`,
    ratio("firstToken", photo, "tjs-fp32"),
    ...atMost(0.5),
  );
  row(`photo to the first token, ${photo}, of PyTorch fp32`, ratio("firstToken", photo, "torch"), ...atMost(0.6));
  row(`photo to the first token, ${photo}, of PyTorch bf16`, ratio("firstToken", photo, "torch-bf16"), ...atMost(1));
  const ofFirst = (id) => over((round) => round[id]?.[sessionDtype].ms / round[id]?.[sessionDtype].firstMs);
  row(
    `second question about the picture, ${sessionDtype}, of the first one's time`,
    ofFirst("secondQuestion"),
    ...atMost(0.05),
    3,
  );
  row(
    `the same picture in a new session, ${sessionDtype}, of the first one's time`,
    ofFirst("samePicture"),
    ...atMost(0.2),
    3,
  );
  row("12 MP JPEG to pixel values, of Pillow and NumPy", ratio("imagePath", dtypes[0], "torch"), ...atMost(0.6));
  const perRow = over((round) => (BATCH * ms(round, "decode128", FAST)) / ms(round, "batch", FAST));
  row(`${FAST} tokens of ${BATCH} rows together, speed of one after the other`, perRow, ...atLeast(1.5));
  for (const name of SMALL) {
    const promise = `peak memory of ${name}, a whole answer about the photo, MB`;
    if (answers.sides[name]) row(promise, answers.sides[name].peak / 1e6, ...atMost(700), 0);
  }
  for (const name of SMALL) {
    const promise = `second start of ${name} to the first token of a text prompt, seconds`;
    if (loads[name]) row(promise, median(loads[name].later.map(({ startMs }) => startMs)) / 1000, ...atMost(1));
  }
  if (loads.fp32) {
    row("peak memory of loading fp32, of its size", loads.fp32.first.peak / fp32Bytes, "< 1.3", (value) => value < 1.3);
    const answer = answers.sides.fp32.peak / fp32Bytes;
    row("the same, with an answer about the photo", answer, "< 1.3", (value) => value < 1.3);
  }
  for (const [name, least] of Object.entries(SAME_ANSWERS)) {
    const { equal, scenes } = quality[name] ?? {};
    row(`answers of the bundled model in ${name} that equal fp32's`, equal / scenes, ...atLeast(least), 4);
  }
  return rows;
}

/** Our format that is first to answer about the photo. */
export function fastestOf({ rounds, dtypes }) {
  const time = (name) => {
    const values = rounds.flatMap(({ firstToken }) => (firstToken?.[name] ? [firstToken[name].ms] : []));
    return values.length === 0 ? Infinity : median(values);
  };
  return dtypes.reduce((best, name) => (time(name) < time(best) ? name : best));
}
