/** Measures this project in a page, beside transformers.js in a page of the same browser. `node web/bench-web.mjs --help` */
import { access, readFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultFolder, makeCheckpoint } from "../make-checkpoint.mjs";
import { installPeers } from "../peers/install-peers.mjs";
import { transformersJsFolder } from "../peers/layout-folders.mjs";
import { syntheticPhoto } from "../photo.mjs";
import { QUESTION, someTokens } from "../serve-side.mjs";
import { writeWhole } from "../write-whole.mjs";
import { reportWeb } from "./report-web.mjs";
import { openSide, serveSite } from "./site.mjs";
import { watchMemory } from "./tab-memory.mjs";

/** How often a large picture is made into pixel values. */
const IMAGE_TIMES = 3;

const HELP = `node web/bench-web.mjs --files FOLDER [--files FOLDER …] [--peers] [options]
  --files FOLDER    tokenizer and processor files for the checkpoint that is made; see make-checkpoint.mjs
  --model FOLDER    a checkpoint instead of one that is made
  --peers           transformers.js too; installed in a folder for temporary files the first time
  --dtype LIST      formats (fp32,auto,q8); auto is ours alone
  --threads N       of both sides (2, or the one core of this machine)
  --rounds N        how often each side is opened and measured anew (2)
  --context N       tokens before the first one that is decoded (128)
  --steps N         tokens decoded per measurement (16)  --new-tokens N compared after the picture (12)
  --write FILE      the report as Markdown
  --json FILE       every measurement, written after each one
Needs Chromium (CHROMIUM_PATH) and Linux, whose /proc tells the memory of the tab.`;

const { values } = parseArgs({
  options: {
    files: { type: "string", multiple: true, default: [] },
    model: { type: "string" },
    peers: { type: "boolean", default: false },
    dtype: { type: "string", default: "fp32,auto,q8" },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
    rounds: { type: "string", default: "2" },
    context: { type: "string", default: "128" },
    steps: { type: "string", default: "16" },
    "new-tokens": { type: "string", default: "12" },
    write: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function checkpointFolder() {
  if (values.model) return values.model;
  const chosen = { shape: "256M", seed: 1 };
  const out = defaultFolder(chosen);
  const isThere = await access(join(out, "config.json")).then(
    () => true,
    () => false,
  );
  if (!isThere) await makeCheckpoint({ ...chosen, out, files: values.files });
  return out;
}

/** One side in one format, in a browser of its own: from opening the page to its peak memory. */
async function measureSide(origin, { name, dtype, threads, prompt, ids, steps, newTokens }) {
  const { call, version, close } = await openSide(origin, name);
  let memory;
  try {
    memory = await watchMemory();
    const load = await call("load", { dtype, threads });
    if (load.threads !== threads) throw new Error(`${name} runs with ${load.threads} threads, not ${threads}.`);
    const loadedMemory = memory.peak();
    const prepare = await call("prepare", { question: QUESTION, ...prompt });
    const imagePath = [];
    for (let time = 0; time < IMAGE_TIMES; time++) imagePath.push(await call("imagePath"));
    // The first run allocates, and is what the first answer in a page waits for.
    const firstRun = await call("firstToken");
    const vision = await call("vision");
    const firstToken = await call("firstToken");
    const answer = await call("answer", { newTokens });
    await call("decode", { ids, steps: 2 });
    const decode = await call("decode", { ids, steps });
    return {
      version,
      load,
      loadedMemory,
      prepare,
      imagePath,
      firstRun,
      vision,
      firstToken,
      answer,
      decode,
      memory: memory.peak(),
      // Last, as it takes memory of its own.
      bandwidth: await call("bandwidth", { threads }),
    };
  } finally {
    await memory?.stop();
    await close();
  }
}

async function main() {
  if (values.help || (values.files.length === 0 && !values.model)) {
    console.log(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const log = console.error;
  const checkpoint = await checkpointFolder();
  const rawConfig = JSON.parse(await readFile(join(checkpoint, "config.json"), "utf8"));
  const peers = values.peers
    ? { folder: await installPeers(log), model: await transformersJsFolder(checkpoint, log) }
    : undefined;
  const [photo, largePhoto] = [await syntheticPhoto(1600, 1200), await syntheticPhoto(4000, 3000)];
  const site = await serveSite({ checkpoint, photo, largePhoto, peers });
  const options = {
    dtypes: values.dtype.split(","),
    threads: Number(values.threads),
    rounds: Number(values.rounds),
    context: Number(values.context),
    steps: Number(values.steps),
    newTokens: Number(values["new-tokens"]),
  };
  const { threads, steps, newTokens } = options;
  const ids = someTokens(options.context, rawConfig.text_config.vocab_size);
  const results = { versions: site.versions, load: [], sides: {}, failures: {} };
  let prompt;
  let text = "";
  try {
    for (let round = 0; round < options.rounds; round++) {
      results.load.push(loadavg()[0]);
      for (const dtype of options.dtypes) {
        // Ours comes first: its pixels and ids are what the other side gets.
        for (const name of peers && dtype !== "auto" ? ["ours", "transformers.js"] : ["ours"]) {
          const side = `${name} ${dtype}`;
          if (side in results.failures) continue;
          log(`round ${round + 1} of ${options.rounds}: ${side}`);
          try {
            const measured = await measureSide(site.origin, { name, dtype, threads, prompt, ids, steps, newTokens });
            (results.sides[side] ??= []).push(measured);
            results.versions.Chromium = measured.version;
            if (name === "ours") prompt ??= { ids: measured.prepare.ids, dims: measured.prepare.dims };
          } catch (error) {
            // What the other side cannot run is told in the report; what we cannot run is an error.
            if (name === "ours") throw error;
            results.failures[side] = String(error.message ?? error).split("\n", 1)[0];
            log(`${side} failed: ${error.stack ?? error}`);
          }
          if (values.json) await writeWhole(values.json, JSON.stringify({ options, results }, null, 1));
        }
      }
      text = reportWeb({ ...options, results, rawConfig, prompt });
      if (values.write) await writeWhole(values.write, text);
    }
  } finally {
    site.close();
  }
  console.log(text);
}

await main();
