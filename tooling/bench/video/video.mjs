/** Measures the decoding of videos beside PyAV, and its growth with their length. `node video/video.mjs --help` */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { undisturbed } from "../quiet.mjs";
import { clip } from "./clips.mjs";
import { watched } from "./process-tree.mjs";
import { report } from "./report.mjs";
import { measureUpsampling } from "./upsampling.mjs";

const HELP = `node video/video.mjs [--python INTERPRETER] [options]
  --python INTERPRETER       with transformers and av; without it only this project is measured
  --minutes LIST             lengths of the clips (1,10,60)
  --reference-minutes LIST   of which PyAV, which decodes all of it, is measured too (1,10)
  --backends LIST            of ours (ffmpeg,mediabunny)
  --ffmpeg PROGRAM           makes the clips (ffmpeg)
  --rounds N (5)             of the shortest clip; of the others, one in three of them
  --tries N (3)              how often a measurement is tried while other processes disturb it
  --write FILE               the report as Markdown
  --raw FILE                 every measurement as JSON, also of a run that is interrupted; --from FILE makes the report of it`;

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    minutes: { type: "string", default: "1,10,60" },
    "reference-minutes": { type: "string", default: "1,10" },
    backends: { type: "string", default: "ffmpeg,mediabunny" },
    ffmpeg: { type: "string", default: "ffmpeg" },
    rounds: { type: "string", default: "5" },
    tries: { type: "string", default: "3" },
    write: { type: "string" },
    raw: { type: "string" },
    from: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const tries = () => Number(values.tries);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const numbers = (list) => list.split(",").filter(Boolean).map(Number);
const log = (line) => console.error(line);

/** What is measured of a clip: a name, and how. */
function sidesOf(path, minutes) {
  const sides = values.backends
    .split(",")
    .map((backend) => [backend, () => watched(process.execPath, [here("decode-ours.mjs"), path, backend])]);
  if (values.python && numbers(values["reference-minutes"]).includes(minutes))
    sides.push(["PyAV", () => watched(values.python, [here("decode_reference.py"), path])]);
  return sides;
}

/** Rounds in which each side is measured once, in an order that rotates. */
async function measureClip(minutes, rounds) {
  const path = await clip(values.ffmpeg, minutes);
  const sides = sidesOf(path, minutes);
  const results = [];
  for (let round = 0; round < rounds; round++) {
    const measured = {};
    for (let i = 0; i < sides.length; i++) {
      const [name, work] = sides[(i + round) % sides.length];
      measured[name] = await undisturbed(work, tries());
      const { ms, peak, others } = measured[name];
      log(
        `${minutes} min, ${name}: ${Math.round(ms)} ms, ${Math.round(peak / 1e6)} MB (others ${Math.round(100 * others)} %)`,
      );
    }
    const hashes = new Set(Object.values(measured).map(({ hash }) => hash));
    if (hashes.size > 1) throw new Error(`The sides do not decode the same frames of the clip of ${minutes} minutes.`);
    results.push(measured);
  }
  return { minutes, rounds: results };
}

/** Whole answers of the bundled model: with one frame, which tells what the process takes anyway, and with 64. */
async function measureAnswers(minutes) {
  const path = await clip(values.ffmpeg, minutes);
  const answer = (frames) =>
    undisturbed(() => watched(process.execPath, [here("answer-ours.mjs"), path, frames]), tries());
  const result = { minutes, one: await answer("1"), all: await answer("64") };
  log(`${minutes} min, answer: ${Math.round(result.all.ms)} ms, ${Math.round(result.all.peak / 1e6)} MB`);
  return result;
}

/** All measurements; what there is so far is kept after each, so that an interrupted run leaves a report. */
async function measureAll() {
  const lengths = numbers(values.minutes);
  const rounds = Number(values.rounds);
  const results = { node: process.version, clips: [], answers: [], upsampling: [] };
  const keep = async () => {
    if (values.raw) await writeFile(values.raw, JSON.stringify(results, null, 1));
  };
  results.upsampling = await measureUpsampling(values.ffmpeg);
  for (const minutes of lengths) {
    results.clips.push(await measureClip(minutes, minutes === Math.min(...lengths) ? rounds : Math.ceil(rounds / 3)));
    await keep();
    results.answers.push(await measureAnswers(minutes));
    await keep();
  }
  return results;
}

async function main() {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const results = values.from ? JSON.parse(await readFile(values.from, "utf8")) : await measureAll();
  const text = report(results);
  if (values.write) await writeFile(values.write, text);
  console.log(text);
}

await main();
