/** Measures llama.cpp through node-llama-cpp, the text model alone; see `../side.mjs` for how it is asked. Argument: the peers' folder. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { FIRST_PROMPT, peakMemory, serve, someTokens, timed } from "../serve-side.mjs";

/** Positions of a context: the longest prompt that is measured and its answer. */
const CONTEXT = 4096;

const imported = performance.now();
const package_ = join(process.argv[2], "node_modules", "node-llama-cpp");
const { getLlama } = await import(pathToFileURL(join(package_, "dist", "index.js")).href);
const importMs = performance.now() - imported;

let model;
let context;
let vocabulary;

/** Greedy tokens behind a prompt, with the time at which each was there. */
async function generate(ids, count) {
  const sequence = context.getSequence();
  const at = [];
  const tokens = [];
  for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    at.push(performance.now());
    tokens.push(token);
    if (tokens.length === count) break;
  }
  await sequence.dispose();
  return { at, tokens };
}

const operations = {
  async info() {
    const { version } = JSON.parse(await readFile(join(package_, "package.json"), "utf8"));
    return { versions: { "node-llama-cpp": version } };
  },
  async load({ folder, gguf, threads }) {
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    vocabulary = config.text_config.vocab_size;
    const { ms } = await timed(async () => {
      const options = { gpu: false, build: "never", skipDownload: true, maxThreads: threads, logLevel: "warn" };
      model = await (await getLlama(options)).loadModel({ modelPath: gguf });
      context = await model.createContext({ contextSize: CONTEXT, threads });
    });
    const first = await operations.prefill({ context: FIRST_PROMPT });
    return { ms, firstMs: first.ms, importMs, peak: await peakMemory() };
  },
  async prefill({ context: count }) {
    const { ms } = await timed(() => generate(someTokens(count, vocabulary), 1));
    return { ms };
  },
  async decode({ context: count, steps }) {
    const start = performance.now();
    const { at, tokens } = await generate(someTokens(count, vocabulary), steps + 1);
    return { times: at.slice(1).map((time, index) => time - at[index]), tokens, prefillMs: at[0] - start };
  },
};

await serve(operations);
await context?.dispose();
await model?.dispose();
