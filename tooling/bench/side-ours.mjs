/** Measures this project, in a process of its own; see `side.mjs` for how it is asked. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { QUESTION, serve } from "./serve-side.mjs";

const imported = performance.now();
const { openModel } = await import("smolvlm");
const { fileByteStore } = await import("@smolvlm/hub/node");
const { aboutPicture, ModelProbe } = await import("@smolvlm/cli/bench");
const importMs = performance.now() - imported;

let probe;
let image;

const bytesOf = ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const operations = {
  async info() {
    const names = ["onnxruntime-node", "sharp"];
    const files = names.map((name) => new URL(`./node_modules/${name}/package.json`, import.meta.url));
    const versions = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, "utf8")).version));
    return { versions: Object.fromEntries(names.map((name, index) => [name, versions[index]])) };
  },
  async load({ folder, dtype, threads, store }) {
    // Nothing is remembered of pictures: every measurement computes all of it, unless it says otherwise.
    const options = { dtype, threads, store: fileByteStore(store), visionCache: false };
    probe = await ModelProbe.load(await openModel(folder), options);
    return { ...probe.loading, importMs, formats: probe.smolvlm.model.formats };
  },
  /** The prompt of the answer, for the other sides, and the frames, for those that are to compute with the same ones. */
  async prompt({ photo, file }) {
    const { inputIds, pixelValues } = await probe.smolvlm.prepare([aboutPicture(photo, QUESTION)]);
    await writeFile(file, bytesOf(pixelValues));
    return { ids: [...inputIds.data], dims: pixelValues.dims };
  },
  answer: ({ photo, newTokens }) => probe.answer(photo, newTokens),
  firstToken: ({ photo }) => probe.answer(photo, 1),
  secondQuestion: ({ photo }) => probe.secondQuestion(photo),
  /** A model of its own that remembers pictures. */
  async samePicture({ folder, dtype, threads, store, photo }) {
    const own = await ModelProbe.load(await openModel(folder), { dtype, threads, store: fileByteStore(store) });
    try {
      const { ms: firstMs } = await own.answer(photo, 1);
      const { ms } = await own.answer(photo, 1);
      return { ms, firstMs };
    } finally {
      await own[Symbol.asyncDispose]();
    }
  },
  async decodeImage({ photo }) {
    const { ms, value } = await probe.decodeImage(await readFile(photo));
    image = value;
    return { ms };
  },
  async preprocess() {
    const { ms, pixelValues } = await probe.preprocess(image);
    return { ms, frames: pixelValues.dims[1], hash: createHash("sha256").update(bytesOf(pixelValues)).digest("hex") };
  },
  imagePath: ({ photo }) => probe.imagePath(photo),
  vision: () => probe.vision(1),
  prefill: ({ context }) => probe.prefill(context),
  decode: (options) => probe.decode(options),
};

await serve(operations);
await probe?.[Symbol.asyncDispose]();
