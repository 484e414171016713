/** The page that measures transformers.js on its WASM device; `bench-web.mjs` calls its functions. */
import { AutoModelForVision2Seq, AutoProcessor, env, RawImage, Tensor } from "@huggingface/transformers";
import { bandwidth } from "./page-bandwidth.mjs";

env.allowLocalModels = true;
env.allowRemoteModels = false;
env.localModelPath = "/layout/";
// Nothing is kept by either side: every load reads from the server.
env.useBrowserCache = false;
env.useWasmCache = false;

let model;
let processor;
let inputs;

async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

function promptOf(ids) {
  const dims = [1, ids.length];
  return {
    input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), dims),
    attention_mask: new Tensor("int64", new BigInt64Array(ids.length).fill(1n), dims),
  };
}

/** Greedy tokens with the time at which each was there. */
async function generate(given, count) {
  const at = [];
  const streamer = { put: () => at.push(performance.now()), end: () => undefined };
  const options = { do_sample: false, max_new_tokens: count, min_new_tokens: count, streamer };
  const out = await model.generate({ ...given, ...options });
  const tokens = out.tolist()[0].slice(given.input_ids.dims[1]).map(Number);
  // The prompt is streamed before it is read.
  return { at: at.slice(1), tokens };
}

globalThis.bench = {
  async load({ dtype, threads }) {
    const files = "/ort-transformers-js/ort-wasm-simd-threaded.asyncify";
    const at = (path) => new URL(path, location.href).href;
    env.backends.onnx.wasm.numThreads = threads;
    env.backends.onnx.wasm.wasmPaths = { mjs: at(`${files}.mjs`), wasm: at(`${files}.wasm`) };
    const { ms } = await timed(async () => {
      processor = await AutoProcessor.from_pretrained("model");
      model = await AutoModelForVision2Seq.from_pretrained("model", { dtype, device: "wasm" });
    });
    return { ms, device: "wasm", threads: env.backends.onnx.wasm.numThreads };
  },
  /** Times its own way from the picture to pixel values, and takes the other side's. */
  async prepare({ ids, dims }) {
    const { ms } = await timed(async () => {
      const picture = await RawImage.fromURL(new URL("/photo.jpg", location.href).href);
      return processor.image_processor([[picture]], { do_image_splitting: false });
    });
    const values = new Float32Array(await (await fetch("/pixels")).arrayBuffer());
    const [, frames, , height, width] = dims;
    const mask = new Uint8Array(frames * height * width).fill(1);
    inputs = {
      ...promptOf(ids),
      pixel_values: new Tensor("float32", values, dims),
      pixel_attention_mask: new Tensor("bool", mask, [1, frames, height, width]),
    };
    return { ms };
  },
  async imagePath() {
    const blob = await (await fetch("/large.jpg")).blob();
    const { ms, value } = await timed(async () => processor.image_processor([[await RawImage.fromBlob(blob)]]));
    return { ms, frames: value.pixel_values.dims[1] };
  },
  async vision() {
    const { pixel_values, pixel_attention_mask } = inputs;
    const { ms } = await timed(() => model.encode_image({ pixel_values, pixel_attention_mask }));
    return { ms };
  },
  async firstToken() {
    const { ms } = await timed(() => generate(inputs, 1));
    return { ms };
  },
  async answer({ newTokens }) {
    const { ms, value } = await timed(() => generate(inputs, newTokens));
    return { ms, tokens: value.tokens };
  },
  async decode({ ids, steps }) {
    const { at, tokens } = await generate(promptOf(ids), steps + 1);
    return { times: at.slice(1).map((time, index) => time - at[index]), tokens: tokens.slice(0, steps) };
  },
  bandwidth,
};
