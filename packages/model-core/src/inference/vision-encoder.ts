import type { SmolVLMConfig } from "@smolvlm/config";
import { tensor, type Session, type Tensor } from "@smolvlm/contracts";
import type { LinearFormats } from "../graph/graph-builder.js";
import { visionGraph, type VisionVariant } from "../models/vision-graph.js";
import type { Frame, FrameSequence } from "./frames.js";
import type { GraphLoader, LoadProgress } from "./graph-loader.js";
import type { GraphPlan } from "./graph-plan.js";
import { oneAhead } from "./one-ahead.js";
import { patchPositions } from "./patch-positions.js";
import { tokensOfFrame } from "./tokens-of-frame.js";
import { stateNames } from "./tower-states.js";
import { SessionPool } from "./session-pool.js";
import type { VisionCache } from "./vision-cache.js";

/** Outputs of the vision graphs by name, all float32 [frames, …]. */
export type VisionOutputs = Readonly<Record<string, Tensor<"float32">>>;

/** A frame and what the cache knows it by. */
interface KnownFrame {
  readonly frame: Frame;
  readonly key: string | undefined;
}

/** Runs frames through the vision tower, one at a time: on CPUs more at once cost memory and gain nothing. */
export class VisionEncoder {
  readonly #loader: GraphLoader;
  readonly #config: SmolVLMConfig;
  readonly #formats: LinearFormats;
  readonly #cache: VisionCache | undefined;
  readonly #sessions = new SessionPool();

  /** @param cache of image features; without one every frame is encoded. */
  constructor(loader: GraphLoader, config: SmolVLMConfig, formats: LinearFormats, cache?: VisionCache) {
    this.#loader = loader;
    this.#config = config;
    this.#formats = formats;
    this.#cache = cache;
  }

  /** Names of the outputs that are hidden states. */
  get stateNames(): readonly string[] {
    return ["hidden_states.0", ...stateNames(this.#config.visionConfig.numHiddenLayers)];
  }

  /** The graph for frames as the processor makes them. */
  plan(outputs: VisionVariant["outputs"]): GraphPlan {
    return this.#plan(this.#usual(outputs));
  }

  /** Loads the graph for frames as the processor makes them; others are loaded when they are needed. */
  async load(plan: GraphPlan, outputs: VisionVariant["outputs"], options: LoadProgress): Promise<void> {
    await this.#sessions.get(keyOf(this.#usual(outputs)), () => this.#loader.load(plan, options));
  }

  /**
   * Encodes frames, all of one size. The next frame is asked for while one is encoded, so that decoding overlaps the tower. Where image
   * features alone are wanted, those of a frame that was seen before come from the cache.
   *
   * @param wanted names of the outputs.
   * @throws the signal's reason when it is aborted, which is looked at between frames.
   */
  async encode(
    frames: FrameSequence,
    outputs: VisionVariant["outputs"],
    wanted: readonly string[],
    { signal, onProgress }: LoadProgress = {},
  ): Promise<VisionOutputs> {
    const gathered = new Map<string, Float32Array>();
    const shapes = new Map<string, readonly number[]>();
    const total = frames.length;
    let index = 0;
    onProgress?.({ stage: "vision", loaded: 0, total, unit: "frames" });
    // Frames that are made as they are taken leave time to load the tower for them, where that was not done yet.
    if (total > 0 && Symbol.asyncIterator in frames) this.#prepareSession(outputs);
    for await (const known of oneAhead(this.#keyed(frames, outputs))) {
      signal?.throwIfAborted();
      const results = await this.#resultsOf(known, outputs, wanted, signal);
      for (const [name, { data, dims }] of Object.entries(results)) {
        const all = gathered.get(name) ?? new Float32Array(data.length * total);
        all.set(data as Float32Array, index * data.length);
        gathered.set(name, all);
        shapes.set(name, [total, ...dims.slice(1)]);
      }
      index++;
      onProgress?.({ stage: "vision", loaded: index, total, unit: "frames" });
    }
    return Object.fromEntries(
      [...gathered].map(([name, data]) => [name, tensor("float32", shapes.get(name) as readonly number[], data)]),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sessions[Symbol.asyncDispose]();
  }

  async *#keyed(frames: FrameSequence, outputs: VisionVariant["outputs"]): AsyncGenerator<KnownFrame> {
    const cache = outputs === "features" ? this.#cache : undefined;
    for await (const frame of frames) yield { frame, key: await cache?.keyOf(frame) };
  }

  async #resultsOf(
    { frame, key }: KnownFrame,
    outputs: VisionVariant["outputs"],
    wanted: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Record<string, Tensor>> {
    if (key === undefined) return this.#run(frame, outputs, wanted, signal);
    const dims = [1, tokensOfFrame(frame.side, this.#config), this.#config.textConfig.hiddenSize];
    const length = dims.reduce((product, dim) => product * dim);
    const known = await this.#cache?.get(key, length, { signal });
    if (known) return { image_features: tensor("float32", dims, known) };
    const results = await this.#run(frame, outputs, wanted, signal);
    await this.#cache?.put(key, results["image_features"]?.data as Float32Array, { signal });
    return results;
  }

  async #run(
    frame: Frame,
    outputs: VisionVariant["outputs"],
    wanted: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Record<string, Tensor>> {
    const { numChannels } = this.#config.visionConfig;
    const { side, pixels } = frame;
    const { ids, bias } = patchPositions(frame, this.#config.visionConfig);
    const variant = { side, isMasked: bias !== undefined, outputs };
    const session = await this.#session(variant);
    const feeds: Record<string, Tensor> = {
      pixel_values: tensor("float32", [1, numChannels, side, side], pixels),
      position_ids: tensor("int64", [1, ids.length], ids),
    };
    if (bias) feeds["patch_bias"] = tensor("float32", [1, bias.length], bias);
    return session.run(feeds, { outputs: wanted, signal });
  }

  /** Begins to load the session for usual frames, unless a store may know their features. What goes wrong is told when one is encoded. */
  #prepareSession(outputs: VisionVariant["outputs"]): void {
    if (outputs === "features" && this.#cache?.isStored) return;
    this.#session(this.#usual(outputs)).catch(() => undefined);
  }

  #usual(outputs: VisionVariant["outputs"]): VisionVariant {
    return { side: this.#config.visionConfig.imageSize, isMasked: false, outputs };
  }

  /** Others may wait for the same session, so that no caller's signal stops its loading. */
  #session(variant: VisionVariant): Promise<Session> {
    return this.#sessions.get(keyOf(variant), async () => this.#loader.load(this.#plan(variant)));
  }

  #plan(variant: VisionVariant): GraphPlan {
    return this.#loader.plan({
      name: "vision",
      formats: this.#formats,
      config: this.#config,
      variant: keyOf(variant),
      describe: (graph, weights) => visionGraph(graph, weights, this.#config, variant),
    });
  }
}

function keyOf({ side, isMasked, outputs }: VisionVariant): string {
  return `${outputs} ${side}${isMasked ? " masked" : ""}`;
}
