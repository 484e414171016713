/** Measures each format in each part, chooses what `dtype: "auto"` stands for, and writes it. `node formats/formats.mjs --help` */
import { readFile } from "node:fs/promises";
import { cpus, availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inspectModel } from "smolvlm";
import { machine, rowwiseBits } from "../machine.mjs";
import { syntheticPhoto } from "../photo.mjs";
import { answersIn, askReference, partsIn } from "../quality/measure-quality.mjs";
import { writeWhole } from "../write-whole.mjs";
import { chooseFormats, nameOf } from "./choose-formats.mjs";
import { autoFormatsModule, choices, reportFormats } from "./report-formats.mjs";
import { DEVICES, measureTimes } from "./measure-times.mjs";

const HELP = `node formats/formats.mjs --model FOLDER [options]
  --model FOLDER    a checkpoint, such as one from make-checkpoint.mjs
  --device LIST     what is measured (cpu,wasm); of the others what was measured before is kept. wasm needs Chromium
  --times           times alone, which nothing may disturb: quality and choice come with the next run without it
  --quality         quality and choice alone, with the times that were measured before
  --write           choice alone, by the rule as it is now, with all that was measured before
  --threads N       (2)  --rounds N (3)  --steps N tokens decoded in each (20)  --tries N (2)
Writes measured.json here, packages/model-core/src/inference/auto-formats.ts, and docs/auto-formats.md.`;

const FILES = {
  measured: fileURLToPath(new URL("measured.json", import.meta.url)),
  choice: fileURLToPath(new URL("../../../packages/model-core/src/inference/auto-formats.ts", import.meta.url)),
  report: fileURLToPath(new URL("../../../docs/auto-formats.md", import.meta.url)),
};

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    device: { type: "string", default: "cpu,wasm" },
    times: { type: "boolean", default: false },
    quality: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "20" },
    tries: { type: "string", default: "2" },
    help: { type: "boolean", default: false },
  },
});

/** `rowwiseBits` tells machines of one device apart: those whose int8 products are another kernel's. */
const thisMachine = (threads) => ({ name: machine(), cores: cpus().length, threads, rowwiseBits: rowwiseBits() });

async function withTimes(measured, options) {
  const { folder, log } = options;
  const { config, parameters } = await inspectModel(folder);
  const here = thisMachine(options.threads);
  const devices = { ...measured.devices };
  for (const device of values.device.split(",")) {
    const photo = await syntheticPhoto(1600, 1200);
    const { times, versions } = await measureTimes(device, {
      ...options,
      photo,
      vocabulary: config.textConfig.vocabSize,
    });
    const others = (devices[device] ?? []).filter((each) => each.machine.rowwiseBits !== here.rowwiseBits);
    devices[device] = [...others, { machine: { ...here, ...versions }, times }];
    log(JSON.stringify(times));
  }
  return { ...measured, parameters, devices };
}

/** The bundled model's logits in every format, and its answers in those combinations that the choice depends on, on this machine. */
async function withQuality({ parameters, devices }, log) {
  const asked = await askReference();
  const bits = rowwiseBits();
  const isHere = (each) => each.machine.rowwiseBits === bits;
  const answers = {};
  const logits = {};
  for (const format of DEVICES.cpu.formats) {
    if (format === "fp32") continue;
    const parts = await partsIn(format, asked);
    logits[format] = Object.fromEntries(Object.entries(parts).map(([part, { rms }]) => [part, rms]));
    log(`logits in ${format}: ${JSON.stringify(logits[format])}`);
  }
  const done = {};
  for (const [device, machines] of Object.entries(devices)) {
    for (;;) {
      done[device] = machines.map((each) => (isHere(each) ? { ...each, logits, answers } : each));
      const { unknown, chosen } = chooseFormats(device, done[device], parameters);
      const wanted = unknown ?? chosen;
      // What another machine answered tells nothing of the kernels of this one.
      if (nameOf(wanted) in answers || !machines.some(isHere)) break;
      const { equal, scenes } = await answersIn(wanted, asked);
      answers[nameOf(wanted)] = equal / scenes;
      log(`answers in ${nameOf(wanted)}: ${equal} of ${scenes}`);
    }
  }
  return { parameters, scenes: asked.length, devices: done };
}

async function main() {
  if (values.help || !(values.model || values.quality || values.write)) {
    console.log(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const log = console.error;
  const [threads, rounds, steps, tries] = ["threads", "rounds", "steps", "tries"].map((name) => Number(values[name]));
  let measured = JSON.parse(await readFile(FILES.measured, "utf8").catch(() => "{}"));
  /** Keeps what was measured as it is written: with five digits. */
  const keep = async (found) => {
    const text = JSON.stringify(
      found,
      (_, value) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value),
      2,
    );
    await writeWhole(FILES.measured, `${text}\n`);
    measured = JSON.parse(text);
  };
  if (!values.quality && !values.write) {
    await keep(await withTimes(measured, { folder: values.model, threads, rounds, steps, tries, log }));
  }
  if (values.times) return;
  if (!values.write) await keep(await withQuality(measured, log));
  await writeWhole(FILES.choice, autoFormatsModule(choices(measured)));
  await writeWhole(FILES.report, reportFormats(measured));
}

await main();
