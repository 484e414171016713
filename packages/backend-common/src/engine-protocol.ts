import type { KeyValueCacheLayout, StoredBytes, Tensor } from "@smolvlm/contracts";

/** What the engine needs to create a session: weights are in `folder` on disk, in `weights`, or `stored` by the browser. */
export interface CreateRequest {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly folder: string | undefined;
  readonly weights: readonly { readonly location: string; readonly data: Uint8Array<ArrayBuffer> }[];
  /** Weights that an engine in a browser's worker reads range by range. */
  readonly stored?: readonly ({ readonly location: string } & StoredBytes)[] | undefined;
  readonly cache: KeyValueCacheLayout | undefined;
}

/** One input of a graph; a dimension that is not fixed is a name. */
export interface InputInfo {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly (number | string)[];
}

/** A session as its creator sees it; cache inputs and outputs are left out. */
export interface SessionInfo {
  readonly session: number;
  readonly inputs: readonly InputInfo[];
  readonly outputs: readonly string[];
}

/** One run. `phase` is an Int32Array over shared memory with the values of {@link runPhase}. */
export interface RunRequest {
  readonly session: number;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly string[];
  readonly cache: number | undefined;
  readonly newLengths: readonly number[] | undefined;
  readonly phase: Int32Array | undefined;
  /** Whether the feeds are the engine's own, which frees them after the run. */
  readonly ownsFeeds?: boolean | undefined;
}

/** Where a run that can be aborted stands: it may be withdrawn until it starts, and its result is dropped after that. */
export const runPhase = { waiting: 0, running: 1, aborted: 2 } as const;

/** How a cache stands after an operation. */
export interface CacheState {
  readonly cache: number;
  readonly lengths: readonly number[];
  readonly byteLength: number;
}

/** What a run gives back; undefined when it was aborted. */
export interface RunReply {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly cache: CacheState | undefined;
}

/** The operations of an engine, each with one request and one reply, so that they can cross a thread. */
export interface EngineOperations {
  create(request: CreateRequest): Promise<SessionInfo>;
  release(request: { readonly session: number }): Promise<void>;
  run(request: RunRequest): Promise<RunReply | undefined>;
  createCache(request: { readonly session: number; readonly batch: number }): Promise<CacheState>;
  rewindCache(request: { readonly cache: number; readonly lengths: readonly number[] }): Promise<CacheState>;
  forkCache(request: { readonly cache: number; readonly rows: readonly number[] | undefined }): Promise<CacheState>;
  disposeCache(request: { readonly cache: number }): Promise<void>;
}

/** Name of an engine operation. */
export type OperationName = keyof EngineOperations;
/** Request of the operation `K`. */
export type RequestOf<K extends OperationName> = Parameters<EngineOperations[K]>[0];
/** Reply of the operation `K`. */
export type ReplyOf<K extends OperationName> = Awaited<ReturnType<EngineOperations[K]>>;

/** The way to an engine, in this thread or in another; operations are carried out one at a time, in order. */
export interface EngineLink {
  /** The word in which a run's {@link runPhase} is kept; shared memory where the engine in another thread must see it change. */
  phase(): Int32Array;
  /** @throws whatever the engine threw; BackendError when its thread is gone. */
  call<K extends OperationName>(operation: K, request: RequestOf<K>): Promise<ReplyOf<K>>;
  /** Ends the engine's thread, where it has one; operations still waiting are rejected. */
  close(): Promise<void>;
}
