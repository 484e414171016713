import type { Backend, ByteStore, OnProgress, Session } from "@smolvlm/contracts";
import type { ConversionRecord } from "../weights/conversion-record.js";
import type { RowsConverter } from "../weights/convert-rows.js";
import { findPlaced, placeWeights, type PlaceOptions } from "../weights/place-weights.js";
import type { Weights } from "../weights/weights.js";
import { GraphPlan, type BuiltGraph, type GraphPlanInit } from "./graph-plan.js";
import { findKeptGraph, keepGraph, type KeptGraph } from "./kept-graph.js";
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

  /** A graph of this checkpoint for this backend. */
  plan(init: GraphPlanInit): GraphPlan {
    return new GraphPlan(init, this.backend.target, this.weights);
  }

  /** The graph as an earlier load kept it; undefined where it must be built. */
  async findKept(plan: GraphPlan, options: Pick<LoadProgress, "signal">): Promise<KeptGraph | undefined> {
    return findKeptGraph(this.#keyOf(plan), this.#placing(plan, options));
  }

  /**
   * Whether loading a graph takes a moment whenever it is done: its weights lie in files that are mapped. Devices that the weights are copied
   * to may have no room for them, which is for `fromPretrained` to tell.
   */
  async loadsAtOnce(
    plan: GraphPlan,
    kept: KeptGraph | undefined,
    options: Pick<LoadProgress, "signal">,
  ): Promise<boolean> {
    if (this.backend.target.device !== "cpu") return false;
    const placed = kept ?? (await findPlaced(plan.build().graph.storedParameters, this.#placing(plan, options)));
    return placed !== undefined && placed.externalData.every(({ source }) => source.path !== undefined);
  }

  /**
   * Loads a graph: the one that was kept, or else it is built, and what of its weights must be converted is converted. Of several at a time,
   * conversions take turns, so that one's buffers are in memory; while the backend makes a session, the weights of the next graph are converted.
   */
  async load(plan: GraphPlan, options: LoadProgress = {}): Promise<Session> {
    const { name, cache } = plan.init;
    const { backend, weights, original, check } = this.#init;
    const kept = original ? undefined : await this.findKept(plan, options);
    if (kept) return backend.createSession({ name, ...kept, cache }, options);
    const built = plan.build();
    const placing = this.#placing(plan, options);
    const placed = this.#placed.then(() => placeWeights(built.graph.storedParameters, placing));
    this.#placed = placed.catch(() => undefined);
    const { externalData, locate, record, conversion } = await placed;
    let session: Session | undefined;
    try {
      const model = built.graph.encode(name, locate);
      session = await backend.createSession({ name, model, externalData, cache }, options);
      const converted = { name, model: placing.model, session, backend, built, weights: original ?? weights, placing };
      const figures = (conversion ?? original) && (await check?.(converted));
      const accepted = await conversion?.accept(figures);
      await this.#keep(plan, { model, externalData }, accepted ?? record, placing);
      return session;
    } catch (error) {
      await session?.[Symbol.asyncDispose]();
      await conversion?.reject();
      throw error;
    }
  }

  /** A store that has no room left for a graph is none the worse: it is built again. */
  async #keep(
    plan: GraphPlan,
    graph: KeptGraph,
    record: ConversionRecord | undefined,
    placing: PlaceOptions,
  ): Promise<void> {
    if (record) await keepGraph(this.#keyOf(plan), graph, record, placing).catch(() => undefined);
  }

  #keyOf({ init, identity }: GraphPlan): string {
    return `${this.#init.revision}/${init.name}-graph-${identity}-${version}`;
  }

  #placing({ init }: GraphPlan, options: LoadProgress): PlaceOptions {
    const { model, revision, store, converter, backend } = this.#init;
    return { model, revision, store, converter, ...options, name: init.name, device: backend.target.device, version };
  }
}
