import {
  BackendError,
  DisposedError,
  type KeyValueCache,
  type KeyValueCacheLayout,
  type RunOptions,
  type Session,
  type Tensor,
} from "@smolvlm/contracts";
import { asBackendError, type AdviceFor } from "./as-backend-error.js";
import { checkFeeds } from "./check-feeds.js";
import {
  runPhase,
  type EngineLink,
  type OperationName,
  type ReplyOf,
  type RequestOf,
  type RunReply,
  type SessionInfo,
} from "./engine-protocol.js";
import { EngineCache } from "./engine-cache.js";

/** Handle of a session that lives in an engine. */
export class EngineSession implements Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #link: EngineLink;
  readonly #where: string;
  readonly #info: SessionInfo;
  readonly #layout: KeyValueCacheLayout | undefined;
  readonly #onDispose: () => void;
  readonly #adviceFor: AdviceFor;
  #disposed: Promise<void> | undefined;

  /** @param where the backend and the graph, for messages. */
  constructor(
    link: EngineLink,
    where: string,
    info: SessionInfo,
    layout: KeyValueCacheLayout | undefined,
    onDispose: () => void,
    adviceFor: AdviceFor,
  ) {
    this.#onDispose = onDispose;
    this.#adviceFor = adviceFor;
    this.#link = link;
    this.#where = where;
    this.#info = info;
    this.#layout = layout;
    this.inputNames = info.inputs.map((input) => input.name);
    this.outputNames = info.outputs;
  }

  /** Whether it was disposed, and with it its caches. */
  get disposed(): boolean {
    return this.#disposed !== undefined;
  }

  async run(feeds: Readonly<Record<string, Tensor>>, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.#checkOpen();
    const { signal } = options;
    signal?.throwIfAborted();
    const cache = this.#ownCache(options.cache);
    const outputs = options.outputs ?? this.outputNames;
    const unknown = outputs.find((name) => !this.outputNames.includes(name));
    if (unknown !== undefined) {
      throw new BackendError(
        this.#where,
        `there is no output ${unknown}; choose among ${this.outputNames.join(", ")}.`,
      );
    }
    if (cache && !options.newLengths) {
      throw new BackendError(this.#where, "a run with a cache needs `newLengths`, one per row.");
    }
    const reply = await this.#abortable(signal, (phase) =>
      this.call("run", {
        session: this.#info.session,
        feeds: checkFeeds(this.#where, this.#info.inputs, feeds),
        outputs: [...outputs],
        cache: cache?.id,
        newLengths: options.newLengths && [...options.newLengths],
        phase,
      }),
    );
    if (cache && reply.cache) cache.update(reply.cache);
    return { ...reply.outputs };
  }

  async createCache(batch: number): Promise<KeyValueCache> {
    this.#checkOpen();
    if (!this.#layout) throw new BackendError(this.#where, "this graph has no key-value cache; run it without one.");
    return new EngineCache(this, await this.call("createCache", { session: this.#info.session, batch }));
  }

  /** Asks the engine for an operation on this session; what it throws becomes a BackendError. */
  async call<K extends OperationName>(operation: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
    this.#checkOpen();
    try {
      return await this.#link.call(operation, request);
    } catch (error) {
      throw asBackendError(this.#where, operation, error, this.#adviceFor);
    }
  }

  /** Frees a cache; nothing to do when the session is gone, since its caches went with it. */
  async disposeCache(cache: number): Promise<void> {
    if (!this.#disposed) await this.#link.call("disposeCache", { cache }).catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposed ??= this.#release());
  }

  async #release(): Promise<void> {
    this.#onDispose();
    // It fails only when the engine's thread is gone, and then everything is freed already.
    await this.#link.call("release", { session: this.#info.session }).catch(() => undefined);
  }

  #checkOpen(): void {
    if (this.#disposed) throw new DisposedError(`The session ${this.#where}`);
  }

  #ownCache(cache: KeyValueCache | undefined): EngineCache | undefined {
    if (cache === undefined && this.#layout === undefined) return undefined;
    if (cache instanceof EngineCache && cache.session === this) return cache;
    const problem = this.#layout
      ? "this graph needs a cache that this session created."
      : "this graph has no key-value cache.";
    throw new BackendError(this.#where, problem);
  }

  /** Withdraws a run that has not started when `signal` aborts; drops the result of one that has. */
  async #abortable(
    signal: AbortSignal | undefined,
    run: (phase: Int32Array | undefined) => Promise<RunReply | undefined>,
  ): Promise<RunReply> {
    if (!signal) return (await run(undefined)) as RunReply;
    const phase = this.#link.phase();
    let abort = (): void => undefined;
    const withdrawn = new Promise<never>((_, reject) => {
      abort = () => {
        if (Atomics.exchange(phase, 0, runPhase.aborted) === runPhase.waiting) reject(signal.reason);
      };
    });
    signal.addEventListener("abort", abort, { once: true });
    try {
      const reply = await Promise.race([run(phase), withdrawn]);
      if (reply === undefined) throw signal.reason;
      return reply;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}
