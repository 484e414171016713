import type { ReadOptions } from "@smolvlm/contracts";
import type { NumberTensor } from "../weights/checkpoint-tensor.js";
import { widen } from "../weights/widen.js";

/** Most bytes of rows that are kept. The rows that a conversation uses again and again fit many times over. */
const MAX_CACHED_BYTES = 16 * 2 ** 20;
/** Rows that lie so close together are read at once: a read costs about as much as this many bytes. */
const MAX_GAP_BYTES = 16 * 2 ** 10;

/**
 * The token embeddings, read from the checkpoint row by row as they are needed: a prompt uses some hundred of them, and the table can
 * be larger than the rest of the model.
 */
export class EmbeddingTable {
  /** Channels of a row. */
  readonly hiddenSize: number;
  readonly #tensor: NumberTensor;
  readonly #rows = new Map<number, Float32Array>();

  /** @param tensor [vocabulary, hidden]. */
  constructor(tensor: NumberTensor) {
    this.#tensor = tensor;
    this.hiddenSize = tensor.shape[1] as number;
    // Else a row of kilobytes would fetch megabytes while an answer is written.
    tensor.file.source.hold?.(tensor.offset, tensor.byteLength);
  }

  /** The rows of these tokens, which must be in the vocabulary, by id; not to be changed. */
  async rows(ids: Iterable<number>, options?: ReadOptions): Promise<ReadonlyMap<number, Float32Array>> {
    const wanted = [...new Set(ids)].sort((a, b) => a - b);
    const found = new Map<number, Float32Array>();
    const missing = wanted.filter((id) => {
      const row = this.#rows.get(id);
      if (row) found.set(id, row);
      return !row;
    });
    for (const run of this.#runs(missing)) {
      for (const [id, row] of await this.#read(run, options)) found.set(id, row);
    }
    return found;
  }

  /** Ascending ids in runs that are worth one read each. */
  #runs(ids: readonly number[]): readonly (readonly number[])[] {
    const { byteLength, shape } = this.#tensor;
    const gap = MAX_GAP_BYTES / (byteLength / (shape[0] as number));
    const runs: number[][] = [];
    for (const id of ids) {
      const run = runs.at(-1);
      if (run && id - (run.at(-1) as number) - 1 <= gap) run.push(id);
      else runs.push([id]);
    }
    return runs;
  }

  async #read(ids: readonly number[], options?: ReadOptions): Promise<readonly (readonly [number, Float32Array])[]> {
    const { file, offset, byteLength, shape, dtype } = this.#tensor;
    const rowBytes = byteLength / (shape[0] as number);
    const first = ids[0] as number;
    const count = (ids.at(-1) as number) - first + 1;
    const values = widen(await file.source.read(offset + first * rowBytes, count * rowBytes, options), dtype);
    return ids.map((id) => {
      const start = (id - first) * this.hiddenSize;
      // A copy, or a small row would keep all that was read around it.
      const row = values.slice(start, start + this.hiddenSize);
      if ((this.#rows.size + 1) * row.byteLength > MAX_CACHED_BYTES) this.#rows.clear();
      this.#rows.set(id, row);
      return [id, row] as const;
    });
  }
}
