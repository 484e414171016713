/** Measures this project beside PyTorch on the same weights and pictures. `node bench.mjs --help` */
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultFolder, makeCheckpoint } from "./make-checkpoint.mjs";
import { measure } from "./measure.mjs";
import { syntheticPhoto } from "./photo.mjs";
import { report } from "./report.mjs";

const HELP = `node bench.mjs --files FOLDER [--files FOLDER …] [--python INTERPRETER] [options]
  --files FOLDER         tokenizer and processor files for the checkpoint that is made; see make-checkpoint.mjs
  --model FOLDER         a checkpoint instead of one that is made
  --shape 256M|500M      shape of the one that is made (256M)
  --python INTERPRETER   with torch and transformers; without it only this project is measured
  --dtype LIST           our formats, the first also for the image stages (fp32,q8,q4)
  --photo FILE           a JPEG of 4:3 instead of one that is drawn; --large-photo FILE likewise, of 12 megapixels
  --threads N            of both sides (the cores of this machine)
  --rounds N (7)  --loads N (3)  --steps N tokens decoded per measurement (24)  --new-tokens N of the answer (32)
  --write FILE           the report as Markdown
  --raw FILE             every measurement as JSON`;

const { values } = parseArgs({
  options: {
    files: { type: "string", multiple: true, default: [] },
    model: { type: "string" },
    shape: { type: "string", default: "256M" },
    python: { type: "string" },
    dtype: { type: "string", default: "fp32,q8,q4" },
    photo: { type: "string" },
    "large-photo": { type: "string" },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "7" },
    loads: { type: "string", default: "3" },
    steps: { type: "string", default: "24" },
    "new-tokens": { type: "string", default: "32" },
    write: { type: "string" },
    raw: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function checkpointFolder() {
  if (values.model) return values.model;
  const chosen = { shape: values.shape, seed: 1 };
  const out = defaultFolder(chosen);
  const isThere = await access(join(out, "config.json")).then(
    () => true,
    () => false,
  );
  if (!isThere) await makeCheckpoint({ ...chosen, out, files: values.files });
  return out;
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

async function main() {
  if (values.help || (values.files.length === 0 && !values.model)) {
    console.log(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const folder = await checkpointFolder();
  const temporary = await mkdtemp(join(tmpdir(), "smolvlm-bench-photos-"));
  try {
    const options = {
      folder,
      dtypes: values.dtype.split(","),
      python: values.python,
      threads: Number(values.threads),
      rounds: Number(values.rounds),
      loads: Number(values.loads),
      steps: Number(values.steps),
      newTokens: Number(values["new-tokens"]),
      ...(await photos(temporary)),
    };
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    let text;
    await measure(options, console.error, async (results) => {
      text = report({ ...options, config, results });
      if (values.raw) await writeFile(values.raw, JSON.stringify({ options, results }, null, 1));
      if (values.write) await writeFile(values.write, text);
    });
    console.log(text);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

await main();
