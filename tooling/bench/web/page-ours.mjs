/** The page that measures this project; `bench-web.mjs` calls its functions. */
import { loadSmolVLM, tensor } from "smolvlm";
import { bandwidth } from "./page-bandwidth.mjs";

let smolvlm;
let inputs;

async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

function best(logits) {
  let index = 0;
  for (let at = 1; at < logits.length; at++) if (logits[at] > logits[index]) index = at;
  return index;
}

const bytesOf = ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Greedy steps behind a prompt of text. */
async function decode({ ids, steps }) {
  const inputIds = tensor("int32", [1, ids.length], Int32Array.from(ids));
  const { ms: prefillMs, value } = await timed(() => smolvlm.model.prefill({ inputIds }));
  await using state = value;
  const times = [];
  const tokens = [];
  for (let step = 0; step < steps; step++) {
    const { ms } = await timed(() => {
      tokens.push(best(state.logits));
      return state.step(Int32Array.of(tokens.at(-1)), { active: [true] });
    });
    times.push(ms);
  }
  return { times, tokens, prefillMs };
}

globalThis.bench = {
  async load({ dtype, threads }) {
    const files = "/ort-ours/ort-wasm-simd-threaded";
    const at = (path) => new URL(path, location.href).href;
    const wasmPaths = { wasm: { mjs: at(`${files}.mjs`), wasm: at(`${files}.wasm`) } };
    const start = performance.now();
    /** When each stage was last heard of. */
    const stages = {};
    const onProgress = ({ stage, name, file }) => {
      stages[[stage, name ?? file].filter(Boolean).join(" ")] = Math.round(performance.now() - start);
    };
    const options = { dtype, threads, device: "wasm", wasmPaths, keep: false, visionCache: false, onProgress };
    const { ms, value } = await timed(() => loadSmolVLM(at("/checkpoint/"), options));
    smolvlm = value;
    const { device, threads: used } = smolvlm.device;
    return { ms, stages, device, threads: used, weights: smolvlm.memory.weights, formats: smolvlm.model.formats };
  },
  /** Picture → pixel values and the prompt's ids, which go to the server: the other side computes with the same ones. */
  async prepare({ question }) {
    const content = [
      { type: "image", image: new URL("/photo.jpg", location.href).href },
      { type: "text", text: question },
    ];
    const imageOptions = { doImageSplitting: false };
    const prepare = () => smolvlm.prepare([[{ role: "user", content }]], { imageOptions });
    const { ms, value } = await timed(prepare);
    inputs = value;
    await fetch("/pixels", { method: "POST", body: bytesOf(inputs.pixelValues) });
    return { ms, ids: [...inputs.inputIds.data], dims: [...inputs.pixelValues.dims] };
  },
  /** The bytes of a large JPEG → pixel values, all frames; the prompt around them costs next to nothing. */
  async imagePath() {
    const image = new Uint8Array(await (await fetch("/large.jpg")).arrayBuffer());
    const content = [{ type: "image", image }];
    const { ms, value } = await timed(() => smolvlm.prepare([[{ role: "user", content }]]));
    return { ms, frames: value.pixelValues.dims[1] };
  },
  async vision() {
    const { ms } = await timed(() => smolvlm.model.getImageFeatures({ pixelValues: inputs.pixelValues }));
    return { ms };
  },
  async firstToken() {
    const { ms } = await timed(() => smolvlm.answer(inputs, { maxNewTokens: 1, minNewTokens: 1 }));
    return { ms };
  },
  async answer({ newTokens }) {
    const options = { maxNewTokens: newTokens, minNewTokens: newTokens };
    const { ms, value } = await timed(() => smolvlm.answer(inputs, options));
    return { ms, tokens: [...value.answers[0].tokenIds] };
  },
  decode,
  bandwidth,
};
