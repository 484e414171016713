import type { SmolVLMConfig } from "@smolvlm/config";
import type { Backend, ByteStore, KeyValueCacheLayout, OnProgress, Session } from "@smolvlm/contracts";
import { GraphBuilder, type LinearFormats } from "../graph/graph-builder.js";
import type { Weights } from "../weights/weights.js";
import type { RowsConverter } from "../weights/convert-rows.js";
import { findPlaced, placeWeights, type PlaceOptions } from "../weights/place-weights.js";
import packageJson from "../../package.json" with { type: "json" };

const { version } = packageJson;

/** Everything that graphs of one checkpoint share. */
export interface GraphLoaderInit {
  readonly backend: Backend;
  readonly store: ByteStore;
  /** Converts weights; by default this thread does. */
  readonly converter?: RowsConverter | undefined;
  /** Names the checkpoint. */
  readonly model: string;
  /** Identifies the content of the checkpoint. */
  readonly revision: string;
  readonly weights: Weights;
  /** Weights that these were converted from. */
  readonly original?: Weights | undefined;
  /** Checks converted graphs as a whole. */
  readonly check?: ConversionCheck | undefined;
}

/** A graph that was converted just now, and loaded. */
export interface ConvertedGraph {
  /** `vision`, `language`. */
  readonly name: string;
  /** The checkpoint, as the user named it. */
  readonly model: string;
  readonly session: Session;
  /** Where it was loaded, and others can be. */
  readonly backend: Backend;
  /** @internal what it was made of */
  readonly built: BuiltGraph;
  /** @internal those before conversion */
  readonly weights: Weights;
  /** @internal */
  readonly placing: Omit<PlaceOptions, "store">;
}

/**
 * Checks a graph after its conversion, before its weights count.
 *
 * @returns figures for the record, by name.
 * @throws QuantizationError when it is not what it should be; then nothing of the conversion is kept.
 */
export type ConversionCheck = (converted: ConvertedGraph) => Promise<Readonly<Record<string, number>> | undefined>;

/** Options of loading. */
export interface LoadProgress {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Writes a graph into a builder. */
export type DescribeGraph = (graph: GraphBuilder, weights: Weights) => void;

/** A graph that is built, but not yet loaded. */
export interface BuiltGraph {
  readonly graph: GraphBuilder;
  readonly describe: DescribeGraph;
  readonly config: SmolVLMConfig;
  /** `vision`, `language`; also the first part of the key of its stored weights. */
  readonly name: string;
  readonly cache?: KeyValueCacheLayout | undefined;
}

/** Builds graphs from the weights of one checkpoint and loads them into one backend. */
export class GraphLoader {
  readonly backend: Backend;
  readonly weights: Weights;
  readonly #init: GraphLoaderInit;
  /** Ends with the conversion that was begun last. */
  #placed: Promise<unknown> = Promise.resolve();

  constructor(init: GraphLoaderInit) {
    this.backend = init.backend;
    this.weights = init.weights;
    this.#init = init;
  }

  /** Builds a graph; nothing is read but the headers. @throws ModelFileError when weights and configuration do not agree. */
  build(
    name: string,
    formats: LinearFormats,
    config: SmolVLMConfig,
    describe: DescribeGraph,
    cache?: KeyValueCacheLayout,
  ): BuiltGraph {
    const graph = new GraphBuilder({ target: this.backend.target, formats });
    describe(graph, this.weights);
    return { graph, name, cache, config, describe };
  }

  /**
   * Whether loading a graph takes a moment whenever it is done: its weights lie in files that are mapped. Devices that the weights are copied
   * to may have no room for them, which is for `fromPretrained` to tell.
   */
  async loadsAtOnce(built: BuiltGraph, options: Pick<LoadProgress, "signal">): Promise<boolean> {
    if (built.graph.target.device !== "cpu") return false;
    const placed = await findPlaced(built.graph.storedParameters, this.#placing(built, options));
    return placed !== undefined && placed.externalData.every(({ source }) => source.path !== undefined);
  }

  /**
   * Converts what must be converted and loads the graph. Of several at a time, conversions take turns, so that one's buffers are in memory;
   * while the backend makes a session, the weights of the next graph are converted.
   */
  async load(built: BuiltGraph, options: LoadProgress = {}): Promise<Session> {
    const { graph, name, cache } = built;
    const { backend, weights, original, check } = this.#init;
    const placing = this.#placing(built, options);
    const placed = this.#placed.then(() => placeWeights(graph.storedParameters, placing));
    this.#placed = placed.catch(() => undefined);
    const { externalData, locate, conversion } = await placed;
    let session: Session | undefined;
    try {
      const bytes = graph.encode(name, locate);
      session = await backend.createSession({ name, model: bytes, externalData, cache }, options);
      const converted = { name, model: placing.model, session, backend, built, weights: original ?? weights, placing };
      const figures = (conversion ?? original) && (await check?.(converted));
      await conversion?.accept(figures);
      return session;
    } catch (error) {
      await session?.[Symbol.asyncDispose]();
      await conversion?.reject();
      throw error;
    }
  }

  #placing({ name, graph }: BuiltGraph, options: LoadProgress): PlaceOptions {
    const { model, revision, store, converter } = this.#init;
    return { model, revision, store, converter, ...options, name, device: graph.target.device, version };
  }
}
