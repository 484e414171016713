/**
 * Writes the text model of a checkpoint as GGUF, so that llama.cpp runs the same weights. The format is described in
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; only what the benchmark needs is written: the `llama` architecture and
 * float32 checkpoints of one file.
 */
import { Buffer } from "node:buffer";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

const ALIGNMENT = 32;
const BLOCK = 32;
/** `ggml_type` and `llama_ftype` of each format, and bytes of a block of values. */
const FORMATS = {
  F32: { type: 0, fileType: 0, blockBytes: 4 * BLOCK },
  F16: { type: 1, fileType: 1, blockBytes: 2 * BLOCK },
  Q8_0: { type: 8, fileType: 7, blockBytes: 2 + BLOCK },
};
/** `gguf_metadata_value_type`. */
const VALUE = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };
/** `llama_token_type`. */
const TOKEN = { normal: 1, control: 3, unused: 5 };
/** Rows converted at a time: about 4 MiB of float32. */
const PIECE = 2 ** 20;

/**
 * @param {string} folder of the checkpoint.
 * @param {string} out path of the file.
 * @param {keyof typeof FORMATS} format of the matrices; vectors are float32.
 */
export async function writeGguf(folder, out, format) {
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const source = await openSafetensors(join(folder, "model.safetensors"));
  const tensors = textTensors(config.text_config).map((tensor) => {
    const { shape, begin } = source.find(tensor.key);
    const kind = shape.length === 1 ? FORMATS.F32 : FORMATS[format];
    const elements = shape.reduce((product, size) => product * size, 1);
    return { ...tensor, shape, begin, kind, elements, size: (elements / BLOCK) * kind.blockBytes };
  });
  const target = await open(`${out}.incomplete`, "w");
  try {
    await target.writeFile(header(tensors, await metadata(folder, config, format)));
    for (const tensor of tensors) {
      for await (const piece of pieces(source, tensor, config.text_config)) await target.writeFile(piece);
      await target.writeFile(Buffer.alloc(padded(tensor.size) - tensor.size));
    }
  } finally {
    await target.close();
    await source.close();
  }
  await rename(`${out}.incomplete`, out);
}

/** Names in both formats; `heads` where rows must be put into the order of llama.cpp's rotary embedding. */
function textTensors({ num_hidden_layers: layers, num_attention_heads: heads, num_key_value_heads: keyValueHeads }) {
  const model = "model.text_model";
  const inLayer = [
    ["attn_norm", "input_layernorm"],
    ["attn_q", "self_attn.q_proj", heads],
    ["attn_k", "self_attn.k_proj", keyValueHeads],
    ["attn_v", "self_attn.v_proj"],
    ["attn_output", "self_attn.o_proj"],
    ["ffn_norm", "post_attention_layernorm"],
    ["ffn_gate", "mlp.gate_proj"],
    ["ffn_up", "mlp.up_proj"],
    ["ffn_down", "mlp.down_proj"],
  ];
  return [
    { name: "token_embd.weight", key: `${model}.embed_tokens.weight` },
    ...Array.from({ length: layers }, (_, layer) =>
      inLayer.map(([name, key, rotated]) => ({
        name: `blk.${layer}.${name}.weight`,
        key: `${model}.layers.${layer}.${key}.weight`,
        rotated,
      })),
    ).flat(),
    { name: "output_norm.weight", key: `${model}.norm.weight` },
    { name: "output.weight", key: "lm_head.weight" },
  ];
}

async function metadata(folder, { text_config: text }, format) {
  const tokenizer = JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8"));
  const tokens = Array.from({ length: text.vocab_size }, (_, id) => `[unused${id}]`);
  const types = tokens.map(() => TOKEN.unused);
  for (const [token, id] of Object.entries(tokenizer.model.vocab)) {
    [tokens[id], types[id]] = [token, TOKEN.normal];
  }
  for (const { id, content } of tokenizer.added_tokens) [tokens[id], types[id]] = [content, TOKEN.control];
  const merges = tokenizer.model.merges.map((merge) => (Array.isArray(merge) ? merge.join(" ") : merge));
  const idOf = (token) => Math.max(0, tokens.indexOf(token));
  return [
    ["general.architecture", "string", "llama"],
    ["general.file_type", "uint32", FORMATS[format].fileType],
    ["general.alignment", "uint32", ALIGNMENT],
    ["llama.context_length", "uint32", text.max_position_embeddings],
    ["llama.embedding_length", "uint32", text.hidden_size],
    ["llama.block_count", "uint32", text.num_hidden_layers],
    ["llama.feed_forward_length", "uint32", text.intermediate_size],
    ["llama.attention.head_count", "uint32", text.num_attention_heads],
    ["llama.attention.head_count_kv", "uint32", text.num_key_value_heads],
    ["llama.attention.layer_norm_rms_epsilon", "float32", text.rms_norm_eps],
    ["llama.rope.freq_base", "float32", text.rope_theta],
    ["llama.rope.dimension_count", "uint32", text.head_dim],
    ["llama.vocab_size", "uint32", text.vocab_size],
    ["tokenizer.ggml.model", "string", "gpt2"],
    ["tokenizer.ggml.pre", "string", "smollm"],
    ["tokenizer.ggml.tokens", "string", tokens],
    ["tokenizer.ggml.token_type", "int32", types],
    ["tokenizer.ggml.merges", "string", merges],
    ["tokenizer.ggml.bos_token_id", "uint32", idOf("<|im_start|>")],
    ["tokenizer.ggml.eos_token_id", "uint32", idOf("<end_of_utterance>")],
  ];
}

function header(tensors, entries) {
  let offset = 0;
  const infos = tensors.map(({ name, shape, kind, size }) => {
    const info = Buffer.concat([
      string(name),
      uint32(shape.length),
      // The fastest axis is first.
      ...shape.toReversed().map(uint64),
      uint32(kind.type),
      uint64(offset),
    ]);
    offset += padded(size);
    return info;
  });
  const bytes = Buffer.concat([
    Buffer.from("GGUF"),
    uint32(3),
    uint64(tensors.length),
    uint64(entries.length),
    ...entries.map(([key, type, value]) => Buffer.concat([string(key), typed(type, value)])),
    ...infos,
  ]);
  return Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);
}

function typed(type, value) {
  const encode = { string, uint32, int32: uint32, float32 }[type];
  if (!Array.isArray(value)) return Buffer.concat([uint32(VALUE[type]), encode(value)]);
  return Buffer.concat([uint32(VALUE.array), uint32(VALUE[type]), uint64(value.length), ...value.map(encode)]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function string(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function padded(size) {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

async function openSafetensors(path) {
  const file = await open(path);
  const length = Number((await read(file, 0, 8)).readBigUInt64LE());
  const entries = JSON.parse((await read(file, 8, length)).toString());
  return {
    find(key) {
      const entry = entries[key];
      if (entry?.dtype !== "F32") throw new Error(`${path} has no float32 tensor ${key}.`);
      return { shape: entry.shape, begin: 8 + length + entry.data_offsets[0] };
    },
    async floats(at, count) {
      const bytes = await read(file, at, 4 * count);
      return new Float32Array(bytes.buffer, bytes.byteOffset, count);
    },
    close: () => file.close(),
  };
}

async function read(file, position, length) {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
  if (bytesRead !== length) throw new Error(`The file ended after ${position + bytesRead} bytes.`);
  return buffer;
}

async function* pieces(source, { shape, begin, kind, elements, rotated }, { head_dim: headDim }) {
  const columns = shape.at(-1);
  const rows = Math.max(1, Math.floor(PIECE / columns));
  // A head must not be cut where its rows change places.
  const step = columns * (rotated ? Math.ceil(rows / headDim) * headDim : rows);
  for (let at = 0; at < elements; at += step) {
    const values = await source.floats(begin + 4 * at, Math.min(step, elements - at));
    yield encode(rotated ? interleaved(values, columns, headDim) : values, kind);
  }
}

/** The pairs (i, i + half) of a head beside each other: llama.cpp turns neighbours, transformers the two halves. */
function interleaved(values, columns, headDim) {
  const half = headDim / 2;
  const result = new Float32Array(values.length);
  for (let row = 0; row < values.length / columns; row++) {
    const head = row - (row % headDim);
    const index = row % headDim;
    const from = head + (index % 2) * half + (index >> 1);
    result.set(values.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return result;
}

function encode(values, kind) {
  if (kind === FORMATS.F32) return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (kind === FORMATS.F16) return Buffer.from(Uint16Array.from(values, half).buffer);
  const bytes = Buffer.alloc((values.length / BLOCK) * kind.blockBytes);
  for (let block = 0; block < values.length / BLOCK; block++) {
    const part = values.subarray(block * BLOCK, (block + 1) * BLOCK);
    const greatest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const at = block * kind.blockBytes;
    bytes.writeUInt16LE(half(greatest / 127), at);
    const inverse = greatest === 0 ? 0 : 127 / greatest;
    part.forEach((value, index) => bytes.writeInt8(Math.round(value * inverse), at + 2 + index));
  }
  return bytes;
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** Bits of the float16 nearest to a number (ties to even); what is below 2⁻²⁴ / 2 is 0. */
function half(value) {
  single[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = bits[0] & 0x7fffffff;
  if (magnitude < 0x38800000) return sign | Math.round(Math.abs(single[0]) * 2 ** 24);
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | Math.min(0x7c00, (rounded - 0x38000000) >>> 13);
}
