import { readJsonFile } from "@smolvlm/config";
import { ModelFileError, type ModelFiles, type OpenOptions } from "@smolvlm/contracts";
import type { CheckpointTensor, WeightFile } from "./checkpoint-tensor.js";
import { readSafetensorsHeader } from "./safetensors-header.js";

/** Weights in one file, and the list of files where they are in several. */
const SINGLE_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";
/** Most bytes of an index; 500 tensors take 50 kB. */
const MAX_INDEX_BYTES = 16 * 2 ** 20;
/** Most files of one checkpoint; the published ones have one, and libraries cut at several GB. */
const MAX_SHARDS = 1024;
/** Shards lie beside the index, so a name is not a path. */
const SHARD_NAME = /^[\w.-]+\.safetensors$/;

/** The tensors of a checkpoint, wherever they are. */
export interface Checkpoint {
  /** For messages: the file, or the index of several. */
  readonly name: string;
  /** By literal key. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** Options of {@link openCheckpoint}. */
export interface CheckpointOptions extends OpenOptions {
  /** Whether it is a converted folder, which has a file of weights for each graph. */
  readonly isConverted?: boolean | undefined;
}

/**
 * Opens `model.safetensors`, or the files that `model.safetensors.index.json` names, and reads their headers only.
 *
 * @throws ModelFileError when there is neither, a file is damaged, or the index and the files do not agree.
 */
export async function openCheckpoint(files: ModelFiles, options: CheckpointOptions = {}): Promise<Checkpoint> {
  const { signal } = options;
  const single = await files.open(SINGLE_FILE, options);
  if (single) {
    const tensors = await readSafetensorsHeader({ file: SINGLE_FILE, source: single }, { signal });
    return { name: SINGLE_FILE, tensors: new Map(tensors.map((tensor) => [tensor.key, tensor])) };
  }
  const index = await readJsonFile(files, INDEX_FILE, { maxBytes: MAX_INDEX_BYTES, signal });
  if (index === undefined) {
    const problem = `${files.id} has neither it nor ${INDEX_FILE}; weights are read from safetensors files only`;
    throw new ModelFileError(
      SINGLE_FILE,
      `${problem}, so convert others with save_pretrained(…, safe_serialization=True).`,
    );
  }
  const shardOf = parseIndex(index);
  await files.prefetch([...new Set(shardOf.values())], options);
  return { name: INDEX_FILE, tensors: await readShards(files, shardOf, options) };
}

/** Key → file, from the index. */
function parseIndex(index: unknown): ReadonlyMap<string, string> {
  const map = isRecord(index) ? index["weight_map"] : undefined;
  if (!isRecord(map)) throw new ModelFileError(INDEX_FILE, "weight_map: expected an object; fetch the file again.");
  const entries = Object.entries(map);
  for (const [key, file] of entries) {
    if (typeof file === "string" && SHARD_NAME.test(file)) continue;
    const found = JSON.stringify(file)?.slice(0, 80);
    throw new ModelFileError(
      INDEX_FILE,
      `weight_map.${key.slice(0, 80)}: expected the name of a safetensors file, found ${found}.`,
    );
  }
  const shardOf = new Map(entries as [string, string][]);
  const count = new Set(shardOf.values()).size;
  if (count > MAX_SHARDS) {
    throw new ModelFileError(INDEX_FILE, `it names ${count} files and at most ${MAX_SHARDS} are accepted.`);
  }
  return shardOf;
}

async function readShards(
  files: ModelFiles,
  shardOf: ReadonlyMap<string, string>,
  options: CheckpointOptions,
): Promise<Map<string, CheckpointTensor>> {
  const tensors = new Map<string, CheckpointTensor>();
  for (const file of new Set(shardOf.values())) {
    const source = await files.open(file, options);
    if (!source) {
      throw new ModelFileError(
        file,
        `${INDEX_FILE} names it, but ${files.id} does not have it; fetch the model again.`,
      );
    }
    const shard: WeightFile = { file, source, isConverted: options.isConverted };
    for (const tensor of await readSafetensorsHeader(shard, { signal: options.signal })) {
      if (shardOf.get(tensor.key) !== file) {
        const where = shardOf.get(tensor.key) ?? "no file";
        throw new ModelFileError(
          INDEX_FILE,
          `tensor ${tensor.key} is in ${file}, but the index says ${where}; fetch the model again.`,
        );
      }
      tensors.set(tensor.key, tensor);
    }
  }
  for (const [key, file] of shardOf) {
    if (tensors.has(key)) continue;
    throw new ModelFileError(INDEX_FILE, `tensor ${key} should be in ${file} and is not; fetch the model again.`);
  }
  return tensors;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
