/** Measures transformers.js, in a process of its own; see `../side.mjs` for how it is asked. Argument: the folder of the peers. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { FIRST_PROMPT, peakMemory, QUESTION, serve, someTokens, timed } from "../serve-side.mjs";

const imported = performance.now();
const package_ = join(process.argv[2], "node_modules", "@huggingface", "transformers");
const { AutoModelForVision2Seq, AutoProcessor, env, RawImage, Tensor } = await import(
  pathToFileURL(join(package_, "dist", "transformers.node.mjs")).href
);
const importMs = performance.now() - imported;
env.allowRemoteModels = false;

let model;
let processor;
let vocabulary;
let image;

const ones = (count) => new Tensor("int64", new BigInt64Array(count).fill(1n), [1, count]);

function prompt(context) {
  const ids = BigInt64Array.from(someTokens(context, vocabulary), BigInt);
  return { input_ids: new Tensor("int64", ids, [1, context]), attention_mask: ones(context) };
}

/** Greedy tokens with the time at which each was there. */
async function generate(inputs, count) {
  const start = performance.now();
  const at = [];
  const streamer = { put: () => at.push(performance.now()), end: () => undefined };
  const out = await model.generate({
    ...inputs,
    do_sample: false,
    max_new_tokens: count,
    min_new_tokens: count,
    streamer,
  });
  const length = inputs.input_ids.dims[1];
  // The prompt is streamed before it is read.
  return { start, at: at.slice(1), tokens: out.tolist()[0].slice(length).map(Number) };
}

/** The photo's frames and the prompt about it, as transformers.js makes them. */
async function inputsAbout(photo) {
  const picture = await RawImage.read(photo);
  const content = [{ type: "image" }, { type: "text", text: QUESTION }];
  const text = processor.apply_chat_template([{ role: "user", content }], { add_generation_prompt: true });
  return processor(text, [picture]);
}

const operations = {
  async info() {
    const { version } = JSON.parse(await readFile(join(package_, "package.json"), "utf8"));
    return { versions: { "transformers.js": version } };
  },
  async load({ folder, dtype, threads }) {
    env.localModelPath = `${dirname(folder)}/`;
    const session_options = { intraOpNumThreads: threads };
    const { ms } = await timed(async () => {
      processor = await AutoProcessor.from_pretrained(basename(folder));
      model = await AutoModelForVision2Seq.from_pretrained(basename(folder), { dtype, device: "cpu", session_options });
    });
    vocabulary = model.config.text_config.vocab_size;
    const first = await operations.prefill({ context: FIRST_PROMPT });
    return { ms, firstMs: first.ms, importMs, peak: await peakMemory() };
  },
  async answer({ photo, newTokens }) {
    const { ms, value } = await timed(async () => generate(await inputsAbout(photo), newTokens));
    return { ms, tokens: value.tokens, peak: await peakMemory() };
  },
  async firstToken({ photo }) {
    const { ms } = await timed(async () => generate(await inputsAbout(photo), 1));
    return { ms };
  },
  async decodeImage({ photo }) {
    const { ms, value } = await timed(() => RawImage.read(photo));
    image = value;
    return { ms };
  },
  async preprocess() {
    const { ms } = await timed(() => processor.image_processor([[image]]));
    return { ms };
  },
  async imagePath({ photo }) {
    const { ms } = await timed(async () => processor.image_processor([[await RawImage.read(photo)]]));
    return { ms };
  },
  async vision() {
    const { image_size: side } = model.config.vision_config;
    const dims = [1, 1, 3, side, side];
    const values = Float32Array.from({ length: 3 * side * side }, (_, index) => Math.sin(index));
    const mask = new Tensor("bool", new Uint8Array(side * side).fill(1), [1, 1, side, side]);
    const inputs = { pixel_values: new Tensor("float32", values, dims), pixel_attention_mask: mask };
    const { ms } = await timed(() => model.encode_image(inputs));
    return { ms };
  },
  async prefill({ context }) {
    const { ms } = await timed(() => generate(prompt(context), 1));
    return { ms };
  },
  async decode({ context, steps }) {
    const { start, at, tokens } = await generate(prompt(context), steps + 1);
    return { times: at.slice(1).map((time, index) => time - at[index]), tokens, prefillMs: at[0] - start };
  },
  /** Greedy tokens of given pixel values and ids, to see that both sides compute the same. */
  async sameInputs({ file, ids, dims, newTokens }) {
    const bytes = await readFile(file);
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const [, frames, , height, width] = dims;
    const mask = new Uint8Array(frames * height * width).fill(1);
    const inputs = {
      input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]),
      attention_mask: ones(ids.length),
      pixel_values: new Tensor("float32", values, dims),
      pixel_attention_mask: new Tensor("bool", mask, [1, frames, height, width]),
    };
    const { ms, value } = await timed(() => generate(inputs, newTokens));
    return { ms, tokens: value.tokens };
  },
};

await serve(operations);
