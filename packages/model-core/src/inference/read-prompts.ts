import type { KeyValueCache, OnProgress, Tensor } from "@smolvlm/contracts";
import type { FeatureRows, LanguageRunner } from "./language-runner.js";
import type { PromptRow } from "./prompt-row.js";
import { ReadProgress } from "./read-progress.js";

/** Most positions of a row read at once: enough for full speed, few enough that an abort is soon noticed. */
const MAX_CHUNK = 256;
/** Fewest, since smaller products run slower. */
const MIN_CHUNK = 32;
/** Most attention scores of one layer at a time: 32 MiB of float32, of which a few copies are alive. */
const MAX_SCORES = 8 * 2 ** 20;

/** What reading prompts is told. */
export interface ReadRequest {
  /** What is to be read behind what the cache has. */
  readonly rows: readonly PromptRow[];
  readonly features: FeatureRows;
  /** One row for each of `rows`. */
  readonly cache: KeyValueCache;
  /** Whether the logits of a row's position are wanted; undefined where the graph has none. */
  readonly wantsLogits?: ((row: number, position: number) => boolean) | undefined;
  /** Outputs wanted besides the logits, each [batch, sequence, …]. */
  readonly outputs?: readonly string[] | undefined;
  /** Called with what each piece gave, in order. */
  readonly onPiece: (piece: ReadPiece) => void;
  /** Most positions at once; for tests. */
  readonly maxChunk?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Counts the positions that are read, where this is one reading of several; by default one for `onProgress`. */
  readonly progress?: ReadProgress | undefined;
}

/** What reading one piece of all rows gave. */
export interface ReadPiece {
  /** First position of the piece. */
  readonly from: number;
  readonly sequence: number;
  /** Positions of each row that are its own, at the left of the piece. */
  readonly newLengths: readonly number[];
  /** The input embeddings [batch, sequence, hidden]. */
  readonly embeds: Float32Array;
  /** Rows and positions of the logits, in their order. */
  readonly wanted: readonly { readonly row: number; readonly position: number }[];
  /** `logits` [wanted, vocab] where any were wanted, and the other outputs. */
  readonly results: Readonly<Record<string, Tensor>>;
}

/**
 * Reads prompts into a cache, behind what it has, some hundred positions at a time.
 *
 * @throws the signal's reason when it is aborted, which is looked at between pieces.
 */
export async function readPrompts(runner: LanguageRunner, request: ReadRequest): Promise<void> {
  const { rows, features, cache, wantsLogits, outputs = [], onPiece, signal } = request;
  const longest = Math.max(...rows.map(({ ids }) => ids.length));
  const total = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  const progress = request.progress ?? new ReadProgress(total, request.onProgress);
  const past = Math.max(...cache.lengths);
  for (let from = 0; from < longest;) {
    signal?.throwIfAborted();
    const chunk = chunkLength(
      rows.length * runner.config.numAttentionHeads,
      past + from,
      request.maxChunk ?? MAX_CHUNK,
    );
    const sequence = Math.min(chunk, longest - from);
    const newLengths = rows.map(({ ids }) => Math.min(Math.max(ids.length - from, 0), sequence));
    const embeds = await runner.embedRows(rows, features, { from, sequence, signal });
    const wanted = newLengths.flatMap((count, row) => {
      const positions = Array.from({ length: count }, (_, index) => from + index);
      return positions.filter((position) => wantsLogits?.(row, position)).map((position) => ({ row, position }));
    });
    const results = await runner.run({
      cache,
      embeds,
      sequence,
      newLengths,
      logitsRows: wantsLogits && wanted.map(({ row, position }) => row * sequence + position - from),
      outputs: wanted.length > 0 ? ["logits", ...outputs] : outputs,
      signal,
    });
    onPiece({ from, sequence, newLengths, embeds, wanted, results });
    from += sequence;
    progress.add(newLengths.reduce((sum, count) => sum + count, 0));
  }
}

/** As many positions as keep the scores of all heads of the batch within bounds. */
function chunkLength(heads: number, past: number, maxChunk: number): number {
  const affordable = Math.floor(MAX_SCORES / (heads * (past + maxChunk)) / MIN_CHUNK) * MIN_CHUNK;
  return Math.min(maxChunk, Math.max(MIN_CHUNK, affordable));
}
