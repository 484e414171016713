import type { SmolVLMConfig } from "@smolvlm/config";
import type { KeyValueCacheLayout, Target } from "@smolvlm/contracts";
import { GraphBuilder, type LinearFormats } from "../graph/graph-builder.js";
import { textChecksum } from "../weights/checksum.js";
import type { Weights } from "../weights/weights.js";

/** Set by the build: a digest of this package's sources, since other code may make another graph of the same configuration. */
declare const SOURCES_DIGEST: string | undefined;

/** Writes a graph into a builder. */
export type DescribeGraph = (graph: GraphBuilder, weights: Weights) => void;

/** What a graph is made of. */
export interface GraphPlanInit {
  /** `vision`, `language`; also the first part of the keys of what is stored. */
  readonly name: string;
  readonly formats: LinearFormats;
  readonly config: SmolVLMConfig;
  /** What `describe` takes besides the configuration, as text. */
  readonly variant: string;
  readonly describe: DescribeGraph;
  readonly cache?: KeyValueCacheLayout | undefined;
}

/** A graph that is built, but not yet loaded. */
export interface BuiltGraph extends GraphPlanInit {
  readonly graph: GraphBuilder;
}

/** A graph that is built when that is asked for: one that was kept serialised need not be. */
export class GraphPlan {
  readonly init: GraphPlanInit;
  /** Tells it from other graphs of the same checkpoint. */
  readonly identity: string;
  readonly #target: Target;
  readonly #weights: Weights;
  #built: BuiltGraph | undefined;

  constructor(init: GraphPlanInit, target: Target, weights: Weights) {
    this.init = init;
    this.#target = target;
    this.#weights = weights;
    const { formats, config, variant, cache } = init;
    const sources = typeof SOURCES_DIGEST === "string" ? SOURCES_DIGEST : "";
    const text = JSON.stringify([target, formats, config, variant, cache, sources]);
    // Two of 32 bits, of words that begin at different places.
    this.identity = textChecksum(text) + textChecksum(` ${text}`);
  }

  /** Builds the graph; nothing is read but the headers. @throws ModelFileError when weights and configuration do not agree. */
  build(): BuiltGraph {
    if (!this.#built) {
      const graph = new GraphBuilder({ target: this.#target, formats: this.init.formats });
      this.init.describe(graph, this.#weights);
      this.#built = { ...this.init, graph };
    }
    return this.#built;
  }
}
