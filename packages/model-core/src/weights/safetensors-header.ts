import { ModelFileError, type ReadOptions } from "@smolvlm/contracts";
import { safetensorsTypes, type CheckpointTensor, type SafetensorsType, type WeightFile } from "./checkpoint-tensor.js";

/**
 * Most bytes of a header. The reference's limit is 100 MB; the largest published SmolVLM has about 80 kB, and this leaves room for
 * a hundred thousand tensors without letting a file claim the memory for its parsing.
 */
export const MAX_HEADER_BYTES = 16 * 2 ** 20;
/** Most tensors in one file: a model of the largest size that the configuration may ask for has some thousands. */
const MAX_TENSORS = 65_536;
/** Most axes of a tensor; a convolution has four. */
const MAX_RANK = 8;
/** Longest key; the longest published one has 73 characters. */
const MAX_KEY_LENGTH = 512;

/**
 * The tensors that a safetensors file holds (https://github.com/huggingface/safetensors#format): eight bytes of header length,
 * a JSON header, and the data, which the tensors must fill without gaps or overlaps.
 *
 * @throws ModelFileError when the header is too large, is not such a header, or does not agree with the length of the file.
 */
export async function readSafetensorsHeader(
  file: WeightFile,
  options?: ReadOptions,
): Promise<readonly CheckpointTensor[]> {
  const { size } = file.source;
  if (size < 8) throw damaged(file, `it has ${size} bytes, too few for a safetensors file`);
  const prefix = await file.source.read(0, 8, options);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw damaged(file, `its header claims ${length} bytes and at most ${MAX_HEADER_BYTES} are accepted`);
  }
  if (8 + length > size) throw damaged(file, `its header claims ${length} bytes, but the file ends after ${size}`);
  const header = parseHeader(file, await file.source.read(8, length, options));
  const tensors = Object.entries(header)
    .filter(([key]) => key !== "__metadata__")
    .map(([key, entry]) => tensorOf(file, key, entry, 8 + length));
  if (tensors.length > MAX_TENSORS) {
    throw damaged(file, `it has ${tensors.length} tensors and at most ${MAX_TENSORS} are accepted`);
  }
  checkCoverage(file, tensors, 8 + length);
  return tensors;
}

function parseHeader(file: WeightFile, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, "its header is not JSON", { cause });
  }
  if (!isRecord(json)) throw damaged(file, "its header is not a JSON object");
  if (countKeys(text) !== Object.keys(json).length) throw damaged(file, "its header has the same key twice");
  return json;
}

function tensorOf(file: WeightFile, key: string, entry: unknown, dataStart: number): CheckpointTensor {
  const fail = (problem: string): ModelFileError => damaged(file, `tensor ${shorten(key)}: ${problem}`);
  if (key.length > MAX_KEY_LENGTH) throw fail(`its name has more than ${MAX_KEY_LENGTH} characters`);
  if (!isRecord(entry)) throw fail("its entry is not a JSON object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(safetensorsTypes, dtype)) {
    throw fail(`its dtype is ${describe(dtype)}, which is not an element type`);
  }
  if (!isSizes(shape) || shape.length > MAX_RANK) {
    throw fail(`its shape is ${describe(shape)}, which is not an array of up to ${MAX_RANK} sizes`);
  }
  const [begin, end] = isSizes(offsets) && offsets.length === 2 ? offsets : [];
  if (begin === undefined || end === undefined || begin > end || dataStart + end > file.source.size) {
    const room = file.source.size - dataStart;
    throw fail(`its data_offsets are ${describe(offsets)}, which is no range within ${room} bytes of data`);
  }
  const byteLength = shape.reduce((product, dim) => product * dim, safetensorsTypes[dtype as SafetensorsType]);
  if (byteLength !== end - begin) {
    throw fail(`${dtype} [${shape.join(", ")}] takes ${byteLength} bytes, but it has ${end - begin}`);
  }
  return { key, dtype: dtype as SafetensorsType, shape, file, offset: dataStart + begin, byteLength };
}

/** Files are refused as the reference refuses them: whatever is not a tensor could be anything, and overlaps hide a mistake. */
function checkCoverage(file: WeightFile, tensors: readonly CheckpointTensor[], dataStart: number): void {
  let at = dataStart;
  const ordered = [...tensors].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  for (const { key, offset, byteLength } of ordered) {
    if (offset < at) throw damaged(file, `tensor ${shorten(key)} overlaps another one`);
    if (offset > at) throw damaged(file, `${offset - at} bytes before tensor ${shorten(key)} belong to no tensor`);
    at = offset + byteLength;
  }
  if (at !== file.source.size) throw damaged(file, `${file.source.size - at} bytes at its end belong to no tensor`);
}

/** Number of keys of the outermost object of valid JSON; `JSON.parse` drops all but the last of equal ones. */
function countKeys(json: string): number {
  let depth = 0;
  let count = 0;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (character === '"') {
      index++;
      while (json[index] !== '"') index += json[index] === "\\" ? 2 : 1;
    } else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (character === ":" && depth === 1) count++;
  }
  return count;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function describe(value: unknown): string {
  return shorten(JSON.stringify(value) ?? "missing");
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function damaged(file: WeightFile, problem: string, options?: ErrorOptions): ModelFileError {
  return new ModelFileError(file.file, `${problem}; the file is damaged, fetch it again.`, options);
}
