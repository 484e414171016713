import type { DataType, KeyValueCacheLayout, Tensor } from "@smolvlm/contracts";
import { BackendError } from "@smolvlm/contracts";
import type {
  InferenceSession,
  InferenceSessionFactory,
  Tensor as OrtTensor,
  TensorConstructor,
} from "onnxruntime-common";
import type { CacheState, CreateRequest, EngineOperations, RunReply } from "./engine-protocol.js";
import { runPhase } from "./engine-protocol.js";
import { GrowingKeyValues } from "./growing-key-values.js";

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
}

interface OpenSession {
  readonly native: InferenceSession;
  readonly cache: KeyValueCacheLayout | undefined;
}

interface OpenCache {
  readonly session: number;
  readonly values: GrowingKeyValues;
}

/** Name of the input that takes buffer `index` of a cache. */
const pastName = (index: number): string => `past_key_values.${index >> 1}.${index % 2 === 0 ? "key" : "value"}`;
/** Name of the output that has the new rows of buffer `index` of a cache. */
const presentName = (index: number): string => `present.${index >> 1}.${index % 2 === 0 ? "key" : "value"}`;

/**
 * ONNX Runtime's sessions and the key-value caches that belong to them. It lives in a worker or, inline, in the caller's
 * thread; callers must wait for one operation before they start the next.
 */
export function createEngine({ name, ort, sessionOptions }: EngineRuntime): EngineOperations {
  const sessions = new Map<number, OpenSession>();
  const caches = new Map<number, OpenCache>();
  let lastId = 0;

  function addCache(session: number, values: GrowingKeyValues): CacheState {
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
      for (const [id, cache] of caches) if (cache.session === session) caches.delete(id);
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
      cache?.buffers.forEach((buffer, index) => {
        feeds[pastName(index)] = new ort.Tensor("float32", buffer, cache.dims);
      });
      const presents = cache ? cache.buffers.map((_, index) => presentName(index)) : [];
      const results = await native.run(feeds, [...request.outputs, ...presents]);
      if (phase && Atomics.load(phase, 0) === runPhase.aborted) return undefined;

      if (cache) {
        const rows = presents.map((name) => results[name] as OrtTensor);
        appendPresents(cache, rows, newLengths);
      }
      const reply: RunReply = {
        outputs: Object.fromEntries(request.outputs.map((name) => [name, fromOrt(results[name] as OrtTensor)])),
        cache: cache && stateOf(request.cache as number, cache),
      };
      return reply;
    },
    async createCache({ session, batch }) {
      const { cache } = required(name, sessions, session, "session");
      return addCache(session, new GrowingKeyValues(cache as KeyValueCacheLayout, batch));
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
      caches.delete(cache);
    },
  };
}

function required<T>(name: string, map: ReadonlyMap<number, T>, id: number, what: string): T {
  const found = map.get(id);
  if (found === undefined) throw new BackendError(name, `the ${what} was disposed.`);
  return found;
}

function stateOf(cache: number, values: GrowingKeyValues): CacheState {
  return { cache, lengths: values.lengths, byteLength: values.byteLength };
}

function cacheNames(layout: KeyValueCacheLayout | undefined): string[] {
  return Array.from({ length: 2 * (layout?.layers ?? 0) }, (_, index) => [pastName(index), presentName(index)]).flat();
}

function appendPresents(cache: GrowingKeyValues, presents: readonly OrtTensor[], newLengths: readonly number[]): void {
  const positions = presents[0]?.dims[2] ?? 0;
  cache.append(
    presents.map((present) => present.data as Float32Array),
    positions,
    newLengths,
  );
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
