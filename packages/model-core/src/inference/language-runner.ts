import { tensor, type KeyValueCache, type Session, type Tensor } from "@smolvlm/contracts";
import type { SmolVLMTextConfig } from "@smolvlm/config";
import type { EmbeddingTable } from "./embedding-table.js";
import { positionFeeds } from "./position-feeds.js";
import type { PromptRow } from "./prompt-row.js";

/** Image features [frames · tokens, hidden], for the prompts that have some. */
export type FeatureRows = Tensor<"float32"> | undefined;

/** One run of the decoder over the next positions of every row. */
export interface LanguageRun {
  readonly cache: KeyValueCache;
  /** Input embeddings [batch, sequence, hidden]. */
  readonly embeds: Float32Array;
  readonly sequence: number;
  /** Valid positions of each row of `embeds`, at its left. */
  readonly newLengths: readonly number[];
  /** Indices into batch · sequence whose logits are wanted; undefined where the graph has none. */
  readonly logitsRows?: readonly number[] | undefined;
  /** Outputs wanted. */
  readonly outputs: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** A language session with what the host does for it: embeddings and rotary positions. */
export class LanguageRunner {
  readonly config: SmolVLMTextConfig;
  readonly session: Session;
  readonly #table: EmbeddingTable;

  constructor(session: Session, table: EmbeddingTable, config: SmolVLMTextConfig) {
    this.session = session;
    this.config = config;
    this.#table = table;
  }

  /** Runs the graph; the cache gains each row's new positions. */
  async run(run: LanguageRun): Promise<Record<string, Tensor>> {
    const { cache, embeds, sequence, newLengths, logitsRows, outputs, signal } = run;
    const inPlace = this.session.inputNames.includes("places");
    const feeds: Record<string, Tensor> = {
      inputs_embeds: tensor("float32", [cache.batch, sequence, this.config.hiddenSize], embeds),
      ...positionFeeds({ past: cache.lengths, sequence, inPlace }, this.config),
    };
    if (logitsRows) feeds["logits_rows"] = tensor("int64", [logitsRows.length], BigInt64Array.from(logitsRows, BigInt));
    return this.session.run(feeds, { outputs, cache, newLengths, signal });
  }

  /** The embeddings of tokens, [batch, 1, hidden]. */
  async embedTokens(tokens: Int32Array, signal?: AbortSignal): Promise<Float32Array> {
    const { hiddenSize } = this.config;
    const table = await this.#table.rows(tokens, { signal });
    const embeds = new Float32Array(tokens.length * hiddenSize);
    tokens.forEach((token, row) => embeds.set(table.get(token) as Float32Array, row * hiddenSize));
    return embeds;
  }

  /**
   * The embeddings of positions `[from, from + sequence)` of each row, those of `<image>` tokens replaced by their features; 0 beyond
   * a row's end. [batch, sequence, hidden]
   */
  async embedRows(
    rows: readonly PromptRow[],
    features: FeatureRows,
    { from, sequence, signal }: { from: number; sequence: number; signal?: AbortSignal | undefined },
  ): Promise<Float32Array> {
    const { hiddenSize } = this.config;
    const embeds = new Float32Array(rows.length * sequence * hiddenSize);
    const texts = rows.flatMap(({ ids, features: taken }) => {
      return [...ids.subarray(from, from + sequence)].filter((_, index) => (taken[from + index] as number) < 0);
    });
    const table = await this.#table.rows(texts, { signal });
    rows.forEach(({ ids, features: taken }, row) => {
      const count = Math.min(Math.max(ids.length - from, 0), sequence);
      for (let index = 0; index < count; index++) {
        const feature = taken[from + index] as number;
        const values =
          feature < 0
            ? (table.get(ids[from + index] as number) as Float32Array)
            : (features?.data.subarray(feature * hiddenSize, (feature + 1) * hiddenSize) as Float32Array);
        embeds.set(values, (row * sequence + index) * hiddenSize);
      }
    });
    return embeds;
  }
}
