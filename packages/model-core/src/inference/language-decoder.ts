import {
  DisposedError,
  InvalidArgumentError,
  type KeyValueCache,
  type OnProgress,
  type Tensor,
} from "@smolvlm/contracts";
import type { DecoderState, DecoderStepOptions } from "../generation/decoder-state.js";
import type { FeatureRows, LanguageRunner } from "./language-runner.js";
import type { PromptCache } from "./prompt-cache.js";
import { positionOf } from "./prompt-positions.js";
import { partOf, type PromptRow } from "./prompt-row.js";
import { readPrompts } from "./read-prompts.js";
import { ReadProgress } from "./read-progress.js";
import { planSharedPrefixes, type PrefixGroup, type PrefixLevel } from "./shared-prefixes.js";

/** What starting a decoder is told. */
export interface PrefillRequest {
  readonly rows: readonly PromptRow[];
  readonly features: FeatureRows;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** What is known of the prompt, which must be the only one; it learns the rest. */
  readonly promptCache?: PromptCache | undefined;
  /** Most positions of a prompt read at once; for tests. */
  readonly maxChunk?: number | undefined;
  /** Fewest positions in common that are read once for several rows; for tests. */
  readonly minShared?: number | undefined;
}

/** The text model after some prompts, ready for their next tokens. It holds a cache until it is disposed. */
export class LanguageDecoder implements DecoderState, AsyncDisposable {
  readonly vocabSize: number;
  readonly maxLength: number;
  logits: Float32Array;
  readonly #runner: LanguageRunner;
  readonly #cache: KeyValueCache;
  readonly #promptCache: PromptCache | undefined;
  #isDisposed = false;

  private constructor(runner: LanguageRunner, cache: KeyValueCache, promptCache?: PromptCache) {
    this.#runner = runner;
    this.#cache = cache;
    this.#promptCache = promptCache;
    this.vocabSize = runner.config.vocabSize;
    this.maxLength = runner.config.maxPositionEmbeddings;
    this.logits = new Float32Array(cache.batch * this.vocabSize);
  }

  /**
   * Reads prompts: what several have in common once, and of one with a prompt cache what that does not know.
   *
   * @throws the signal's reason when it is aborted; InvalidArgumentError for a prompt cache and several rows.
   */
  static async prefill(runner: LanguageRunner, request: PrefillRequest): Promise<LanguageDecoder> {
    return request.promptCache
      ? LanguageDecoder.#resume(runner, request, request.promptCache)
      : LanguageDecoder.#start(runner, request);
  }

  static async #resume(
    runner: LanguageRunner,
    request: PrefillRequest,
    promptCache: PromptCache,
  ): Promise<LanguageDecoder> {
    const [row, ...others] = request.rows;
    if (!row || others.length > 0) {
      const found = String(request.rows.length);
      throw new InvalidArgumentError({ argument: "inputIds", expected: "one row, with a promptCache", found });
    }
    const cache = await promptCache.take(row, request.features);
    const decoder = new LanguageDecoder(runner, cache, promptCache);
    try {
      const rest = partOf(row, cache.lengths[0] as number, row.ids.length);
      await decoder.#read([rest], request, { wantsLogits: true });
      return decoder;
    } catch (error) {
      await decoder[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #start(runner: LanguageRunner, request: PrefillRequest): Promise<LanguageDecoder> {
    const { rows, features, onProgress } = request;
    const levels = planSharedPrefixes(rows, features, request.minShared);
    const total = levels.flat().reduce((sum, { from, to }) => sum + to - from, 0);
    const progress = new ReadProgress(total, onProgress);
    let decoder: LanguageDecoder | undefined;
    try {
      for (const [index, groups] of levels.entries()) {
        const before = levels[index - 1];
        const cache = before
          ? await (decoder as LanguageDecoder).#cache.fork(groups.map((group) => parentOf(group, before)))
          : await runner.session.createCache(groups.length);
        await decoder?.[Symbol.asyncDispose]();
        decoder = new LanguageDecoder(runner, cache);
        const parts = groups.map(({ members, from, to }) => partOf(rows[members[0] as number] as PromptRow, from, to));
        await decoder.#read(parts, request, { wantsLogits: index === levels.length - 1, progress });
      }
      return decoder as LanguageDecoder;
    } catch (error) {
      await decoder?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  get batch(): number {
    return this.#cache.batch;
  }

  get lengths(): readonly number[] {
    return this.#cache.lengths;
  }

  async step(tokens: Int32Array, { active, signal }: DecoderStepOptions): Promise<void> {
    if (this.#isDisposed) throw new DisposedError("The decoder");
    signal?.throwIfAborted();
    const rows = active.flatMap((isActive, row) => (isActive ? [row] : []));
    const results = await this.#runner.run({
      cache: this.#cache,
      embeds: await this.#runner.embedTokens(tokens, signal),
      sequence: 1,
      newLengths: active.map(Number),
      logitsRows: rows,
      outputs: ["logits"],
      signal,
    });
    this.#promptCache?.append({ id: tokens[0] as number });
    this.#takeLogits(rows, results["logits"]);
  }

  /**
   * Appends tokens to the only row, without changing `logits`.
   *
   * @returns the scores after each of them [tokens · vocabSize].
   */
  async extend(tokens: Int32Array, signal?: AbortSignal): Promise<Float32Array> {
    if (this.#isDisposed) throw new DisposedError("The decoder");
    signal?.throwIfAborted();
    const sequence = tokens.length;
    const row = { ids: tokens, features: new Int32Array(sequence).fill(-1), start: 0 };
    const results = await this.#runner.run({
      cache: this.#cache,
      embeds: await this.#runner.embedRows([row], undefined, { from: 0, sequence, signal }),
      sequence,
      newLengths: [sequence],
      logitsRows: [...tokens.keys()],
      outputs: ["logits"],
      signal,
    });
    this.#remember(row, 0, sequence, undefined);
    return results["logits"]?.data as Float32Array;
  }

  /** Forgets what the only row has beyond `length`; `logits` stay those of before. */
  async rewind(length: number): Promise<void> {
    await this.#cache.rewind([length]);
    this.#promptCache?.truncate(length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#promptCache) this.#promptCache.release();
    else await this.#cache[Symbol.asyncDispose]();
  }

  async #read(
    rows: readonly PromptRow[],
    { features, signal, onProgress, maxChunk }: PrefillRequest,
    { wantsLogits, progress }: { readonly wantsLogits: boolean; readonly progress?: ReadProgress },
  ): Promise<void> {
    await readPrompts(this.#runner, {
      rows,
      features,
      cache: this.#cache,
      wantsLogits: (row, position) => wantsLogits && position === (rows[row] as PromptRow).ids.length - 1,
      onPiece: ({ from, sequence, wanted, results }) => {
        this.#remember(rows[0] as PromptRow, from, sequence, features);
        this.#takeLogits(
          wanted.map(({ row }) => row),
          results["logits"],
        );
      },
      signal,
      onProgress,
      maxChunk,
      progress,
    });
  }

  #remember(row: PromptRow, from: number, count: number, features: FeatureRows): void {
    for (let index = from; index < from + count; index++) this.#promptCache?.append(positionOf(row, index, features));
  }

  /** Takes over logits [rows, vocab]. */
  #takeLogits(rows: readonly number[], logits: Tensor | undefined): void {
    if (!logits) return;
    const data = logits.data as Float32Array;
    // Results are fresh and nobody else's.
    if (rows.length === this.batch) this.logits = data;
    else {
      rows.forEach((row, index) => {
        this.logits.set(data.subarray(index * this.vocabSize, (index + 1) * this.vocabSize), row * this.vocabSize);
      });
    }
  }
}

/** Which group of the level before has the members of this one. */
function parentOf({ members }: PrefixGroup, before: PrefixLevel): number {
  return before.findIndex((group) => group.members.includes(members[0] as number));
}
