import type { DataType, KeyValueCacheLayout, Tensor } from "@smolvlm/contracts";
import { BackendError } from "@smolvlm/contracts";
import type {
  InferenceSession,
  InferenceSessionFactory,
  Tensor as OrtTensor,
  TensorConstructor,
} from "onnxruntime-common";
import type { CacheState, CreateRequest, EngineOperations, RunReply, RunRequest } from "./engine-protocol.js";
import { runPhase } from "./engine-protocol.js";
import { ArrayKeyValues, type Later } from "./array-key-values.js";
import { freeBuffers } from "./free-buffers.js";
import { planesOf } from "./key-value-planes.js";
import { presentNames, type KeyValues } from "./key-values.js";

/** The part of an ONNX Runtime package that an engine uses; onnxruntime-node and onnxruntime-web both have it. */
export interface OnnxRuntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** An ONNX Runtime and how its sessions are created. */
export interface EngineRuntime {
  /** For messages. */
  readonly name: string;
  readonly ort: OnnxRuntime;
  /** @throws BackendError when the device is not there. */
  readonly sessionOptions: (request: CreateRequest) => InferenceSession.SessionOptions;
  /** Makes the cache of a session; by default one in arrays, which the graph's new rows are added to. */
  readonly createKeyValues?:
    ((session: InferenceSession, layout: KeyValueCacheLayout, batch: number) => Promise<KeyValues>) | undefined;
  /** When that one copies the new rows; at once by default. */
  readonly later?: Later | undefined;
}

interface OpenSession {
  readonly native: InferenceSession;
  readonly cache: KeyValueCacheLayout | undefined;
}

interface OpenCache {
  readonly session: number;
  readonly values: KeyValues;
}

/**
 * ONNX Runtime's sessions and the key-value caches that belong to them. It lives in a worker or, inline, in the caller's
 * thread; callers must wait for one operation before they start the next.
 */
export function createEngine({ name, ort, sessionOptions, createKeyValues, later }: EngineRuntime): EngineOperations {
  const sessions = new Map<number, OpenSession>();
  const caches = new Map<number, OpenCache>();
  let lastId = 0;

  function addCache(session: number, values: KeyValues): CacheState {
    caches.set(++lastId, { session, values });
    return stateOf(lastId, values);
  }

  return {
    async create(request) {
      const native = await ort.InferenceSession.create(request.model, sessionOptions(request));
      sessions.set(++lastId, { native, cache: request.cache });
      const kept = new Set(cacheNames(request.cache));
      return {
        session: lastId,
        inputs: native.inputMetadata
          .filter((input) => !kept.has(input.name))
          .map((input) => ({
            name: input.name,
            dtype: input.isTensor ? input.type : "sequence",
            dims: input.isTensor ? input.shape : [],
          })),
        outputs: native.outputNames.filter((name) => !kept.has(name)),
      };
    },
    async release({ session }) {
      for (const [id, { session: owner, values }] of caches) {
        if (owner !== session) continue;
        caches.delete(id);
        values.dispose();
      }
      const open = required(name, sessions, session, "session");
      sessions.delete(session);
      await open.native.release();
    },
    async run(request) {
      const { native } = required(name, sessions, request.session, "session");
      const cache = request.cache === undefined ? undefined : required(name, caches, request.cache, "cache").values;
      const newLengths = request.newLengths ?? [];
      cache?.checkAppend(newLengths);
      const { phase } = request;
      const before = phase && Atomics.compareExchange(phase, 0, runPhase.waiting, runPhase.running);
      if (before === runPhase.aborted) return undefined;

      const feeds = Object.fromEntries(Object.entries(request.feeds).map(([name, value]) => [name, toOrt(ort, value)]));
      const bound = cache?.bind(request.feeds);
      const fetches = Object.fromEntries(request.outputs.map((output) => [output, null]));
      const results = await native.run({ ...feeds, ...bound?.feeds }, { ...fetches, ...bound?.fetches });
      if (request.ownsFeeds) freeBuffers(largeArrays(request.feeds));
      if (phase && Atomics.load(phase, 0) === runPhase.aborted) return undefined;
      cache?.append(results, newLengths);
      const reply: RunReply = {
        outputs: Object.fromEntries(request.outputs.map((name) => [name, fromOrt(results[name] as OrtTensor)])),
        cache: cache && stateOf(request.cache as number, cache),
      };
      return reply;
    },
    async createCache({ session, batch }) {
      const { cache, native } = required(name, sessions, session, "session");
      const layout = cache as KeyValueCacheLayout;
      return addCache(
        session,
        (await createKeyValues?.(native, layout, batch)) ?? new ArrayKeyValues(ort, layout, batch, later),
      );
    },
    async rewindCache({ cache, lengths }) {
      const { values } = required(name, caches, cache, "cache");
      values.rewind(lengths);
      return stateOf(cache, values);
    },
    async forkCache({ cache, rows }) {
      const { session, values } = required(name, caches, cache, "cache");
      return addCache(session, values.fork(rows));
    },
    async disposeCache({ cache }) {
      caches.get(cache)?.values.dispose();
      caches.delete(cache);
    },
  };
}

function required<T>(name: string, map: ReadonlyMap<number, T>, id: number, what: string): T {
  const found = map.get(id);
  if (found === undefined) throw new BackendError(name, `the ${what} was disposed.`);
  return found;
}

/** Without those of some kilobytes, as a step is fed: freeing them takes longer than it is worth. */
function largeArrays(feeds: RunRequest["feeds"]): Tensor["data"][] {
  return Object.values(feeds)
    .map(({ data }) => data)
    .filter(({ byteLength }) => byteLength >= 2 ** 16);
}

function stateOf(cache: number, values: KeyValues): CacheState {
  return { cache, lengths: values.lengths, byteLength: values.byteLength };
}

function cacheNames(layout: KeyValueCacheLayout | undefined): readonly string[] {
  return layout ? [...planesOf(layout).map(({ name }) => name), ...presentNames(layout)] : [];
}

function toOrt({ Tensor }: OnnxRuntime, { dtype, data, dims }: Tensor): OrtTensor {
  return new Tensor(dtype as OrtTensor.Type, data as OrtTensor.DataTypeMap[OrtTensor.Type], dims);
}

function fromOrt({ type, data, dims }: OrtTensor): Tensor {
  // Where the platform has Float16Array, ONNX Runtime gives that; tensors here hold the bit patterns.
  const bits = type === "float16" && !(data instanceof Uint16Array) ? asBits(data as unknown as ArrayBufferView) : data;
  return { dtype: type as DataType, dims: [...dims], data: bits as Tensor["data"] };
}

function asBits(view: ArrayBufferView): Uint16Array {
  return new Uint16Array(view.buffer, view.byteOffset, view.byteLength / 2);
}
