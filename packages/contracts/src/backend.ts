import type { ByteSource } from "./byte-source.js";
import type { OnProgress } from "./model-files.js";
import type { Tensor } from "./tensor.js";

/** What a graph is built for. Only the `ops` of model-core read it; models never do. */
export interface Target {
  /** Where the kernels run. */
  readonly device: "cpu" | "wasm" | "webgpu" | "cuda" | "coreml" | "dml";
  /**
   * How past keys and values travel. `new-rows`: past goes in, only the new rows come out and the session appends them to a
   * growing buffer. `in-place`: one buffer of fixed capacity is both past and present. `joined`: past goes in, past and new rows come
   * out together, as exported decoders have it.
   */
  readonly keyValueCache: "new-rows" | "in-place" | "joined";
  /** Whether activations may be float16. */
  readonly float16: boolean;
  /** Which products with quantised matrices run well; weights of another kind are converted to the nearest that does. */
  readonly quantizedMatMul: QuantizedMatMul;
}

/** Products with quantised matrices. */
export interface QuantizedMatMul {
  /** Whether weights may have scales for blocks of each row (`MatMulNBits`). */
  readonly blockwise: boolean;
  /**
   * Bits of activations that are multiplied with int8 weights of one scale for each output (`MatMulIntegerToFloat`) without overflow: 8, or
   * 7 on x86 processors without VNNI, whose 16-bit sums saturate; 0 where such products do not run.
   */
  readonly rowwiseBits: 0 | 7 | 8;
}

/** A file of weights that a graph refers to. */
export interface ExternalData {
  /** The `location` key in the graph's external-data entries; a plain file name. */
  readonly location: string;
  readonly source: ByteSource;
}

/** The keys and values that a language graph reads and extends, named so that a session can hold them itself. */
export interface KeyValueCacheLayout {
  /**
   * Number of decoder layers. Inputs are `past_key_values.{i}.key|value`, outputs `present.{i}.key|value`, unless
   * {@link KeyValueCacheLayout.presentOutput} names one for all.
   */
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /**
   * How the session keeps them; `float32` by default. As `int8` every position of every head has a scale of its own: the past is fed as int8,
   * and its scales float32 [batch, keyValueHeads, 1, positions] as `past_key_values.{i}.key_scale|value_scale`
   * (with an axis of 1 more behind the heads where the past has it, see {@link KeyValueCacheLayout.presentOutput}); new rows come out as
   * float32 all the same. Not where the cache is held in place.
   */
  readonly dtype?: "float32" | "int8" | undefined;
  /** Most positions a row may hold (the model's context length). */
  readonly maxLength: number;
  /** Input of [batch, positions, …] that tells how many positions a run has; needed where the cache is held in place. */
  readonly positionInput?: string | undefined;
  /**
   * Name of one output with the new rows of all layers, keys and values in turn: [layers · 2 · batch, keyValueHeads, 1, positions,
   * headDim]. Each output of a run costs time. Past inputs then have the axis of 1 too, along which heads that share keys may lie.
   */
  readonly presentOutput?: string | undefined;
}

/** A graph ready for a backend. */
export interface SessionGraph {
  /** For messages and traces: `vision`, `language`. */
  readonly name: string;
  /** A serialised ONNX `ModelProto`, weights excluded. */
  readonly model: Uint8Array;
  readonly externalData: readonly ExternalData[];
  /** Present when the graph has a key-value cache. */
  readonly cache?: KeyValueCacheLayout | undefined;
}

/** Options of creating a session. */
export interface SessionOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * First told when bytes have been read here, or else when another thread has all it needs to read them and to make the session: from then on
   * the caller's thread is free for something else.
   */
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Keys and values of some rows, held by the session that made it. Rows may have different lengths.
 * Past inputs and present outputs are [batch, keyValueHeads, positions, headDim].
 */
export interface KeyValueCache extends AsyncDisposable {
  readonly batch: number;
  /** Valid positions per row. */
  readonly lengths: readonly number[];
  /** Bytes held now. */
  readonly byteLength: number;
  /**
   * Forgets what lies beyond `lengths[row]`; each must be at most the present one.
   *
   * @throws InvalidArgumentError when they do not fit the rows.
   */
  rewind(lengths: readonly number[]): Promise<void>;
  /**
   * An independent copy of the rows named (all, in order, by default); a row may be named more than once.
   *
   * @throws InvalidArgumentError when a row does not exist or none is named.
   */
  fork(rows?: readonly number[]): Promise<KeyValueCache>;
}

/** Options of one run. */
export interface RunOptions {
  /** Outputs wanted; all by default. */
  readonly outputs?: readonly string[] | undefined;
  /** The cache to read and extend; required where the graph has one. */
  readonly cache?: KeyValueCache | undefined;
  /**
   * New valid positions per row of this run, required with `cache`: row `b` gains the first `newLengths[b]` of the run's
   * positions, the others are padding on the right.
   *
   * What a graph needs to know of lengths is fed like any input. Past buffers may be longer than the past; what lies beyond a
   * row's length is finite and means nothing. For ONNX Runtime's GroupQueryAttention with `s` positions:
   * `seqlens_k[b] = cache.lengths[b] + s - 1` and `total_sequence_length = max(cache.lengths) + s`. On the CPU it refuses several
   * positions on top of a past for more than one row.
   */
  readonly newLengths?: readonly number[] | undefined;
  /** A run that has not started is withdrawn; one that has started ends first, and then its result is dropped. */
  readonly signal?: AbortSignal | undefined;
}

/** A loaded graph. Runs are queued; the event loop stays free while one runs. */
export interface Session extends AsyncDisposable {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph once. Inputs are not modified; do not change them until the promise settles. With a cache, the past inputs are
   * fed and the present outputs are kept by the session and neither appears here. A run that fails or is aborted leaves the cache
   * as it was.
   *
   * @throws BackendError when a kernel fails or an input is missing or has the wrong type or shape.
   * @throws InvalidArgumentError when `newLengths` does not fit the cache.
   * @throws DisposedError when the session or the cache was disposed.
   * @throws the signal's reason when it is aborted.
   */
  run(feeds: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /**
   * An empty cache of `batch` rows.
   *
   * @throws BackendError when the graph has no cache.
   * @throws InvalidArgumentError when `batch` is not a positive integer.
   */
  createCache(batch: number): Promise<KeyValueCache>;
}

/** Runs graphs. Disposing it disposes its sessions. */
export interface Backend extends AsyncDisposable {
  /** For messages: `onnxruntime-node (cpu)`. */
  readonly name: string;
  readonly target: Target;
  createSession(graph: SessionGraph, options?: SessionOptions): Promise<Session>;
}
