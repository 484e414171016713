import { DisposedError, type KeyValueCache } from "@smolvlm/contracts";
import type { CacheState } from "./engine-protocol.js";
import type { EngineSession } from "./engine-session.js";

/** Handle of a cache that lives beside its session, in the engine's thread. */
export class EngineCache implements KeyValueCache {
  readonly session: EngineSession;
  #state: CacheState;
  #disposed: Promise<void> | undefined;

  constructor(session: EngineSession, state: CacheState) {
    this.session = session;
    this.#state = state;
  }

  get batch(): number {
    return this.#state.lengths.length;
  }

  get lengths(): readonly number[] {
    return this.#state.lengths;
  }

  get byteLength(): number {
    return this.#disposed || this.session.disposed ? 0 : this.#state.byteLength;
  }

  /** The engine's number for it. @throws DisposedError */
  get id(): number {
    if (this.#disposed) throw new DisposedError("The key-value cache");
    return this.#state.cache;
  }

  /** Takes over what a run has changed. */
  update(state: CacheState): void {
    this.#state = state;
  }

  async rewind(lengths: readonly number[]): Promise<void> {
    this.update(await this.session.call("rewindCache", { cache: this.id, lengths: [...lengths] }));
  }

  async fork(rows?: readonly number[]): Promise<KeyValueCache> {
    return new EngineCache(
      this.session,
      await this.session.call("forkCache", { cache: this.id, rows: rows && [...rows] }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposed ??= this.session.disposeCache(this.#state.cache));
  }
}
