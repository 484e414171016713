import { DisposedError, type KeyValueCache, type OnProgress, type Tensor } from "@smolvlm/contracts";
import type { DecoderState, DecoderStepOptions } from "../generation/decoder-state.js";
import type { FeatureRows, LanguageRunner } from "./language-runner.js";
import type { PromptRow } from "./prompt-row.js";
import { readPrompts } from "./read-prompts.js";

/** What starting a decoder is told. */
export interface PrefillRequest {
  readonly rows: readonly PromptRow[];
  readonly features: FeatureRows;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Most positions of a prompt read at once; for tests. */
  readonly maxChunk?: number | undefined;
}

/** The text model after some prompts, ready for their next tokens. It holds a cache until it is disposed. */
export class LanguageDecoder implements DecoderState, AsyncDisposable {
  readonly vocabSize: number;
  readonly maxLength: number;
  logits: Float32Array;
  readonly #runner: LanguageRunner;
  readonly #cache: KeyValueCache;
  #isDisposed = false;

  private constructor(runner: LanguageRunner, cache: KeyValueCache) {
    this.#runner = runner;
    this.#cache = cache;
    this.vocabSize = runner.config.vocabSize;
    this.maxLength = runner.config.maxPositionEmbeddings;
    this.logits = new Float32Array(cache.batch * this.vocabSize);
  }

  /** Reads prompts. @throws the signal's reason when it is aborted. */
  static async prefill(runner: LanguageRunner, request: PrefillRequest): Promise<LanguageDecoder> {
    const { rows } = request;
    const cache = await runner.session.createCache(rows.length);
    const decoder = new LanguageDecoder(runner, cache);
    try {
      await readPrompts(runner, {
        ...request,
        cache,
        wantsLogits: (row, position) => position === (rows[row] as PromptRow).ids.length - 1,
        onPiece: ({ wanted, results }) =>
          decoder.#takeLogits(
            wanted.map(({ row }) => row),
            results["logits"],
          ),
      });
      return decoder;
    } catch (error) {
      await decoder[Symbol.asyncDispose]();
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
    this.#takeLogits(rows, results["logits"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#cache[Symbol.asyncDispose]();
  }

  /** Takes over logits [rows, vocab]. */
  #takeLogits(rows: readonly number[], logits: Tensor | undefined): void {
    if (!logits) return;
    const data = logits.data as Float32Array;
    rows.forEach((row, index) => {
      this.logits.set(data.subarray(index * this.vocabSize, (index + 1) * this.vocabSize), row * this.vocabSize);
    });
  }
}
