/** Writes a checkpoint of a published shape with random weights. `node make-checkpoint.mjs --help` */
import { Buffer } from "node:buffer";
import { mkdir, open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { checkpointTensors, modelConfig, SHAPES } from "./checkpoint-shape.mjs";

/** What a model folder has besides config and weights. */
const SMALL_FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.json",
  "chat_template.jinja",
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "video_preprocessor_config.json",
];
/** Elements written at a time: 16 MiB of float32. */
const PIECE = 2 ** 22;

/** Where checkpoints are kept unless the caller says otherwise. */
export function defaultFolder({ shape, layers, visionLayers, seed }) {
  const fewer = `${layers === undefined ? "" : `-${layers}`}${visionLayers === undefined ? "" : `-v${visionLayers}`}`;
  return join(tmpdir(), "smolvlm-bench", `SmolVLM2-${shape}${fewer}-seed${seed}`);
}

/**
 * Makes the folder a model repository would be. Matrices are uniform with the variance 1 / inputs, norms are 1, biases small, so that
 * activations stay of order one through all layers.
 *
 * @param {{ out: string, shape: keyof typeof SHAPES, seed: number, files: string[], layers?: number, visionLayers?: number }} options
 * `files`: folders that the tokenizer and processor files are copied from; the first that has one wins.
 * @returns {Promise<number>} bytes of the weights.
 */
export async function makeCheckpoint({ out, files, seed, ...shape }) {
  await mkdir(out, { recursive: true });
  await copySmallFiles(files, out);
  const config = modelConfig(shape);
  const target = join(out, "model.safetensors");
  const bytes = await writeWeights(`${target}.incomplete`, checkpointTensors(config), seed);
  await rename(`${target}.incomplete`, target);
  // Last: a folder with a config is complete.
  await writeFile(join(out, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  return bytes;
}

async function copySmallFiles(folders, out) {
  const found = new Map();
  for (const folder of folders) {
    for (const name of await readdir(folder)) if (!found.has(name)) found.set(name, join(folder, name));
  }
  if (!found.has("tokenizer.json"))
    throw new Error(`None of ${folders.join(", ") || "no folders"} has a tokenizer.json.`);
  // Not copied with their modes: a read-only original would make a folder that cannot be written again.
  for (const name of SMALL_FILES) {
    if (found.has(name)) await writeFile(join(out, name), await readFile(found.get(name)));
  }
}

async function writeWeights(path, tensors, seed) {
  const header = { __metadata__: { format: "pt" } };
  let end = 0;
  for (const { key, shape } of tensors) {
    const begin = end;
    end += 4 * elementsOf(shape);
    header[key] = { dtype: "F32", shape, data_offsets: [begin, end] };
  }
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 64) * 64 - 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = await open(path, "w");
  try {
    await file.writeFile(Buffer.concat([length, json]));
    const fill = uniform(seed);
    for (const tensor of tensors) {
      for (const piece of randomPieces(tensor, fill))
        await file.writeFile(new Uint8Array(piece.buffer, 0, piece.byteLength));
    }
  } finally {
    await file.close();
  }
  return end;
}

function* randomPieces({ key, shape }, fill) {
  const total = elementsOf(shape);
  const isNorm = /norm.*\.weight$/.test(key);
  // A uniform variable on ±√3·σ has the deviation σ.
  const range = shape.length === 1 ? 0.02 : Math.sqrt((3 * shape[0]) / total);
  for (let at = 0; at < total; at += PIECE) {
    const piece = new Float32Array(Math.min(PIECE, total - at));
    if (isNorm) piece.fill(1);
    else fill(piece, range);
    yield piece;
  }
}

function elementsOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

/** Fills arrays with values between −range and range from one stream of xorshift32. */
function uniform(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x6a09e667) | 1;
  return (values, range) => {
    const scale = range / 2 ** 31;
    for (let index = 0; index < values.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      values[index] = state * scale;
    }
  };
}

const HELP = `node make-checkpoint.mjs --files FOLDER [--files FOLDER …] [options]
  --files FOLDER       where tokenizer and processor files are; may be given several times
  --shape ${Object.keys(SHAPES).join("|")}    published shape (256M)
  --out FOLDER         default: a folder for temporary files
  --seed N             (1)
  --layers N           fewer text layers; --vision-layers N fewer vision layers`;

async function main() {
  const { values } = parseArgs({
    options: {
      files: { type: "string", multiple: true, default: [] },
      shape: { type: "string", default: "256M" },
      out: { type: "string" },
      seed: { type: "string", default: "1" },
      layers: { type: "string" },
      "vision-layers": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || values.files.length === 0 || !(values.shape in SHAPES)) {
    console.log(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const count = (text) => (text === undefined ? undefined : Number(text));
  const chosen = {
    shape: values.shape,
    seed: Number(values.seed),
    layers: count(values.layers),
    visionLayers: count(values["vision-layers"]),
  };
  const out = values.out ?? defaultFolder(chosen);
  const bytes = await makeCheckpoint({ ...chosen, out, files: values.files });
  console.log(`${out}\n${bytes} bytes of float32`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
