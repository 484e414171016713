/** Measures this project, in a process of its own; see `side.mjs` for how it is asked. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

const imported = performance.now();
const { loadSmolVLM, nodeImageDecoder, openModel } = await import("smolvlm");
const { SmolVLMImageProcessor } = await import("@smolvlm/image-processor");
const { fileByteStore } = await import("@smolvlm/hub/node");
const importMs = performance.now() - imported;

const QUESTION = "Describe the picture.";
/** Tokens of the prompt that shows that loading is complete. */
const FIRST_PROMPT = 16;
const decoder = nodeImageDecoder();
let model;
let imageProcessor;
let pixels;

async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

/** Most memory this process has held, bytes. Linux's own figure: `maxRSS` would include what the parent held before it started us. */
async function peakMemory() {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kilobytes = /VmHWM:\s+(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kilobytes) * 1024;
}

/** Any ids that are text: what they are does not matter to speed. */
function someTokens(count) {
  const ids = Int32Array.from({ length: count }, (_, index) => 1000 + ((index * 7919) % 40000));
  return { dtype: "int32", dims: [1, count], data: ids };
}

function conversation(photo) {
  return [
    {
      role: "user",
      content: [
        { type: "image", image: photo },
        { type: "text", text: QUESTION },
      ],
    },
  ];
}

function argmax(values) {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}

function hashOf({ data }) {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
}

const operations = {
  async info() {
    const names = ["onnxruntime-node", "sharp"];
    const files = names.map((name) => new URL(`./node_modules/${name}/package.json`, import.meta.url));
    const versions = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, "utf8")).version));
    return { versions: Object.fromEntries(names.map((name, index) => [name, versions[index]])) };
  },
  async load({ folder, dtype, threads, store }) {
    const files = await openModel(folder);
    imageProcessor = await SmolVLMImageProcessor.fromPretrained(files);
    const { ms, value } = await timed(() => loadSmolVLM(files, { dtype, threads, store: fileByteStore(store) }));
    model = value;
    // Some loaders only map the file; a short prompt makes them read it.
    const first = await operations.prefill({ context: FIRST_PROMPT });
    return { ms, firstMs: first.ms, importMs, peak: await peakMemory() };
  },
  /** The prompt of the answer, for the other side. */
  async prompt({ photo }) {
    const { inputIds } = await model.prepare([conversation(photo)]);
    return { ids: [...inputIds.data] };
  },
  async answer({ photo, newTokens }) {
    const options = { maxNewTokens: newTokens, minNewTokens: newTokens };
    const { ms, value } = await timed(() => model.generate({ messages: conversation(photo), ...options }));
    return { ms, tokens: [...value.tokenIds], timings: value.timings, peak: await peakMemory() };
  },
  async decodeImage({ photo }) {
    const bytes = await readFile(photo);
    const { ms, value } = await timed(() => decoder.decode(bytes));
    pixels = value;
    return { ms, width: value.width, height: value.height };
  },
  async preprocess() {
    const { ms, value } = await timed(() => imageProcessor.preprocess(pixels));
    return { ms, frames: value.pixelValues.dims[1], hash: hashOf(value.pixelValues) };
  },
  async imagePath({ photo }) {
    const bytes = await readFile(photo);
    const { ms } = await timed(async () => imageProcessor.preprocess(await decoder.decode(bytes)));
    return { ms };
  },
  async vision() {
    const { pixelValues } = imageProcessor.preprocess(pixels, { doImageSplitting: false });
    const { ms } = await timed(() => model.model.getImageFeatures({ pixelValues }));
    return { ms };
  },
  async prefill({ context }) {
    const { ms, value } = await timed(() => model.model.prefill({ inputIds: someTokens(context) }));
    await value[Symbol.asyncDispose]();
    return { ms };
  },
  async decode({ context, steps }) {
    const state = await model.model.prefill({ inputIds: someTokens(context) });
    const times = [];
    for (let step = 0; step < steps; step++) {
      const { ms } = await timed(() => state.step(Int32Array.of(argmax(state.logits)), { active: [true] }));
      times.push(ms);
    }
    await state[Symbol.asyncDispose]();
    return { times };
  },
};

/** Milliseconds that all threads of this process have used. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, ...options } = JSON.parse(line);
  const before = processorTime();
  try {
    const result = await operations[operation](options);
    const total = processorTime();
    console.log(JSON.stringify({ result: { ...result, cpuMs: total - before, totalCpuMs: total } }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.stack ?? error) }));
  }
}
await model?.[Symbol.asyncDispose]();
