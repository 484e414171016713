import type { Backend, ByteStore, KeyValueCacheLayout, OnProgress, Session } from "@smolvlm/contracts";
import { GraphBuilder, type LinearFormats } from "../graph/graph-builder.js";
import type { Weights } from "../weights/weights.js";
import type { RowsConverter } from "../weights/convert-rows.js";
import { placeWeights } from "../weights/place-weights.js";
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
}

/** Options of loading. */
export interface LoadProgress {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** A graph that is built, but not yet loaded. */
export interface BuiltGraph {
  readonly graph: GraphBuilder;
  /** `vision`, `language`; also the first part of the key of its stored weights. */
  readonly name: string;
  readonly cache?: KeyValueCacheLayout | undefined;
}

/** Builds graphs from the weights of one checkpoint and loads them into one backend. */
export class GraphLoader {
  readonly backend: Backend;
  readonly weights: Weights;
  readonly #init: GraphLoaderInit;

  constructor(init: GraphLoaderInit) {
    this.backend = init.backend;
    this.weights = init.weights;
    this.#init = init;
  }

  /** Builds a graph; nothing is read but the headers. @throws ModelFileError when weights and configuration do not agree. */
  build(
    name: string,
    formats: LinearFormats,
    describe: (graph: GraphBuilder, weights: Weights) => void,
    cache?: KeyValueCacheLayout,
  ): BuiltGraph {
    const graph = new GraphBuilder({ target: this.backend.target, formats });
    describe(graph, this.weights);
    return { graph, name, cache };
  }

  /** Converts what must be converted and loads the graph. */
  async load({ graph, name, cache }: BuiltGraph, options: LoadProgress = {}): Promise<Session> {
    const { model, revision, store, converter } = this.#init;
    const about = { name, model, revision, device: graph.target.device, version };
    const { externalData, locate, conversion } = await placeWeights(graph.storedParameters, {
      ...about,
      store,
      converter,
      ...options,
    });
    try {
      const bytes = graph.encode(name, locate);
      const session = await this.backend.createSession({ name, model: bytes, externalData, cache }, options);
      await conversion?.accept(undefined);
      return session;
    } catch (error) {
      await conversion?.reject();
      throw error;
    }
  }
}
