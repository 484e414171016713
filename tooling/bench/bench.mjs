/** Measures this project beside its peers on the same weights and pictures. `node bench.mjs --help` */
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultFolder, makeCheckpoint } from "./make-checkpoint.mjs";
import { measure } from "./measure.mjs";
import { installPeers } from "./peers/install-peers.mjs";
import { layoutsFolder, transformersJsFolder } from "./peers/layout-folders.mjs";
import { writeGguf } from "./peers/write-gguf.mjs";
import { syntheticPhoto } from "./photo.mjs";
import { report } from "./report.mjs";
import { writeWhole } from "./write-whole.mjs";

const HELP = `node bench.mjs --files FOLDER [--files FOLDER …] [--python INTERPRETER] [--peers] [options]
  --files FOLDER         tokenizer and processor files for the checkpoint that is made; see make-checkpoint.mjs
  --model FOLDER         a checkpoint instead of one that is made
  --shape 256M|500M      shape of the one that is made (256M)
  --python INTERPRETER   with torch and transformers: PyTorch fp32 and bf16 are measured too
  --peers                transformers.js and llama.cpp too; installed in a folder for temporary files the first time
  --dtype LIST           our formats, the first also for the image stages (fp32,auto,q8,q4)
  --session-dtype NAME   the format of the lines about sessions (auto)
  --photo FILE           a JPEG of 4:3 instead of one that is drawn; --large-photo FILE likewise, of 12 megapixels
  --threads N            of all sides (the cores of this machine)
  --rounds N (4)  --photo-rounds N that include the whole photo (2)  --loads N (2)
  --steps N tokens decoded per measurement (64)  --new-tokens N of the answer (32)
  --tries N              how often a measurement is tried while other processes disturb it (3)
  --quality FILE         what quality/quality.mjs wrote with --json, instead of measuring it again; none for neither
  --write FILE           the report as Markdown
  --raw FILE             every measurement as JSON, written after each part
  --resume               goes on where the run that wrote --raw was stopped; with more --rounds it adds to them`;

const { values } = parseArgs({
  options: {
    files: { type: "string", multiple: true, default: [] },
    model: { type: "string" },
    shape: { type: "string", default: "256M" },
    python: { type: "string" },
    peers: { type: "boolean", default: false },
    dtype: { type: "string", default: "fp32,auto,q8,q4" },
    "session-dtype": { type: "string", default: "auto" },
    photo: { type: "string" },
    "large-photo": { type: "string" },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "4" },
    "photo-rounds": { type: "string", default: "2" },
    loads: { type: "string", default: "2" },
    steps: { type: "string", default: "64" },
    tries: { type: "string", default: "3" },
    "new-tokens": { type: "string", default: "32" },
    quality: { type: "string" },
    write: { type: "string" },
    raw: { type: "string" },
    resume: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

async function checkpointFolder() {
  if (values.model) return values.model;
  const chosen = { shape: values.shape, seed: 1 };
  const out = defaultFolder(chosen);
  if (!(await exists(join(out, "config.json")))) await makeCheckpoint({ ...chosen, out, files: values.files });
  return out;
}

/** The peers, and the checkpoint in the layouts that they read, made once. */
async function peersOf(checkpoint, log) {
  if (!values.peers) return undefined;
  const folder = await installPeers(log);
  const place = await layoutsFolder(checkpoint);
  const model = await transformersJsFolder(checkpoint, log);
  const gguf = join(place, "q8_0.gguf");
  if (!(await exists(gguf))) {
    log(`writing ${gguf}`);
    await writeGguf(checkpoint, gguf, "Q8_0");
  }
  return { folder, model, gguf };
}

async function photos(folder) {
  const file = async (given, name, width, height) => {
    if (given) return given;
    const path = join(folder, name);
    await writeFile(path, await syntheticPhoto(width, height));
    return path;
  };
  return {
    photo: await file(values.photo, "photo.jpg", 1600, 1200),
    largePhoto: await file(values["large-photo"], "large.jpg", 4000, 3000),
  };
}

/** The quality that was measured before, where a file of it is given. */
async function givenQuality() {
  if (values.quality === undefined) return {};
  return { quality: values.quality === "none" ? {} : JSON.parse(await readFile(values.quality, "utf8")) };
}

/** What the run that is gone on with has measured, if it measured the same; and what is given. */
async function before(options) {
  const given = await givenQuality();
  if (!values.resume) return given;
  if (!values.raw) throw new Error("--resume needs --raw, the file of the run that is gone on with.");
  if (!(await exists(values.raw))) return given;
  const stored = JSON.parse(await readFile(values.raw, "utf8"));
  for (const name of ["folder", "dtypes", "sessionDtype", "threads", "steps", "newTokens"]) {
    const [was, is] = [stored.options, options].map((each) => JSON.stringify(each[name]));
    if (was !== is) throw new Error(`${values.raw} was measured with ${name} ${was}, not ${is}; use another file.`);
  }
  return { ...stored.results, ...given };
}

async function main() {
  if (values.help || (values.files.length === 0 && !values.model)) {
    console.log(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const log = console.error;
  const folder = await checkpointFolder();
  const dtypes = values.dtype.split(",");
  const temporary = await mkdtemp(join(tmpdir(), "smolvlm-bench-photos-"));
  try {
    const options = {
      folder,
      dtypes,
      sessionDtype: dtypes.includes(values["session-dtype"]) ? values["session-dtype"] : dtypes[0],
      python: values.python,
      peers: await peersOf(folder, log),
      threads: Number(values.threads),
      rounds: Number(values.rounds),
      photoRounds: Number(values["photo-rounds"]),
      loads: Number(values.loads),
      tries: Number(values.tries),
      steps: Number(values.steps),
      newTokens: Number(values["new-tokens"]),
      ...(await photos(temporary)),
    };
    const rawConfig = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    let text = "";
    const onProgress = async (results) => {
      if (values.raw) await writeWhole(values.raw, JSON.stringify({ options, results }, null, 1));
      if (results.rounds.length === 0) return;
      text = report({ ...options, rawConfig, results });
      if (values.write) await writeWhole(values.write, text);
    };
    const earlier = await before(options);
    if (earlier.rounds?.length >= options.rounds) await onProgress(earlier);
    else await measure(options, { log, onProgress, before: earlier });
    console.log(text);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

await main();
