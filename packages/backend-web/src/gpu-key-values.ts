import { KeyValueRows, pastName, presentName, type KeyValues } from "@smolvlm/backend-common";
import { BackendError, InvalidArgumentError, type KeyValueCacheLayout, type Tensor } from "@smolvlm/contracts";
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor, TensorFactory } from "onnxruntime-web/wasm";

/** The parts of WebGPU that are used; the library's types for it are not everybody's. */
export interface GpuDevice {
  readonly queue: { submit(commands: readonly unknown[]): void };
  createBuffer(descriptor: { readonly size: number; readonly usage: number }): GpuBuffer;
  createCommandEncoder(): GpuCommandEncoder;
}

/** A buffer in the GPU's memory. */
export interface GpuBuffer {
  readonly size: number;
  destroy(): void;
}

interface GpuCommandEncoder {
  copyBufferToBuffer(from: GpuBuffer, fromByte: number, to: GpuBuffer, toByte: number, bytes: number): void;
  finish(): unknown;
}

/** `GPUBufferUsage` STORAGE, COPY_SRC and COPY_DST. */
const USAGE = 0x80 | 0x04 | 0x08;
/** Bytes of the element types that a cache may have. */
const bytesOf = { float32: 4, float16: 2 } as const;
/** Positions are reserved in steps of this many: attention reads all of them, and each size may need programs of its own. */
const CAPACITY_STEP = 256;

/** What the caches of one session share. */
interface GpuCacheParts {
  readonly name: string;
  readonly device: GpuDevice;
  readonly Tensor: TensorConstructor & TensorFactory;
  readonly type: keyof typeof bytesOf;
}

/**
 * Keys and values in the GPU's memory. Each layer's keys, and its values, are one buffer [batch, keyValueHeads, capacity, headDim] that
 * a run is given both as past and as present: it writes the new positions behind each row's own, and nothing is copied or uploaded.
 * Only a row that outgrows the buffers moves them, all on the GPU.
 */
export class GpuKeyValues extends KeyValueRows implements KeyValues {
  readonly #parts: GpuCacheParts;
  #capacity = 0;
  #buffers: readonly GpuBuffer[] = [];
  /** Positions of the last run. */
  #written = 0;

  private constructor(parts: GpuCacheParts, layout: KeyValueCacheLayout, batch: number) {
    super(layout, batch);
    this.#parts = parts;
  }

  /**
   * An empty cache for a session.
   *
   * @throws InvalidArgumentError when `batch` is not a positive integer; BackendError when the session's graph has no such cache.
   */
  static create(
    parts: Omit<GpuCacheParts, "type">,
    session: InferenceSession,
    layout: KeyValueCacheLayout,
    batch: number,
  ): GpuKeyValues {
    const past = session.inputMetadata.find((input) => input.name === pastName(0));
    const type = layout.dtype === "int8" ? "int8" : past?.isTensor ? past.type : "none";
    if ((type !== "float32" && type !== "float16") || layout.positionInput === undefined) {
      throw new BackendError(
        parts.name,
        `a cache in place needs \`positionInput\` and floating-point pasts, not ${type}.`,
      );
    }
    return new GpuKeyValues({ ...parts, type }, layout, batch);
  }

  get byteLength(): number {
    return this.#buffers.reduce((sum, { size }) => sum + size, 0);
  }

  bind(feeds: Readonly<Record<string, Tensor>>): {
    feeds: Record<string, OrtTensor>;
    fetches: Record<string, OrtTensor>;
  } {
    const { layout, batch } = this;
    const positions = feeds[layout.positionInput as string]?.dims[1] ?? 0;
    // Padding is written too, behind the rows, where the next run overwrites it.
    this.#reserve(Math.max(...this.lengths) + positions);
    this.#written = positions;
    const dims = [batch, layout.keyValueHeads, this.#capacity, layout.headDim];
    const tensors = this.#buffers.map((buffer) => {
      return this.#parts.Tensor.fromGpuBuffer(buffer as never, { dataType: this.#parts.type, dims });
    });
    return {
      feeds: Object.fromEntries(tensors.map((tensor, index) => [pastName(index), tensor])),
      fetches: Object.fromEntries(tensors.map((tensor, index) => [presentName(index), tensor])),
    };
  }

  append(_results: Readonly<Record<string, OrtTensor>>, newLengths: readonly number[]): void {
    const positions = this.#written;
    newLengths.forEach((count, row) => {
      if (count <= positions) return;
      const expected = `at most ${positions}, the positions of the run`;
      throw new InvalidArgumentError({ argument: `newLengths[${row}]`, expected, found: String(count) });
    });
    this.grow(newLengths);
  }

  fork(rows: readonly number[] = [...this.lengths.keys()]): GpuKeyValues {
    const lengths = this.lengthsOf(rows);
    const copy = new GpuKeyValues(this.#parts, this.layout, rows.length);
    copy.#allocate(Math.max(...lengths));
    copy.take(lengths);
    this.#copyRows(rows, copy);
    return copy;
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers = [];
    this.#capacity = 0;
  }

  #reserve(positions: number): void {
    if (positions <= this.#capacity) return;
    const old = new GpuKeyValues(this.#parts, this.layout, this.batch);
    old.#buffers = this.#buffers;
    old.#capacity = this.#capacity;
    old.take(this.lengths);
    this.#allocate(positions);
    old.#copyRows([...this.lengths.keys()], this);
    // What was submitted before still reads them; the browser waits for that.
    old.dispose();
  }

  #allocate(positions: number): void {
    const { layers, keyValueHeads, headDim } = this.layout;
    this.#capacity = Math.ceil(positions / CAPACITY_STEP) * CAPACITY_STEP;
    if (this.#capacity === 0) return;
    const size = this.batch * keyValueHeads * this.#capacity * headDim * bytesOf[this.#parts.type];
    const { device } = this.#parts;
    // New buffers are zero, and attention may weigh what lies beyond a row with 0.
    this.#buffers = Array.from({ length: 2 * layers }, () => device.createBuffer({ size, usage: USAGE }));
  }

  /** Copies valid positions: row `rows[i]` of this to row `i` of `to`. */
  #copyRows(rows: readonly number[], to: GpuKeyValues): void {
    const { keyValueHeads, headDim } = this.layout;
    const positionBytes = headDim * bytesOf[this.#parts.type];
    const encoder = this.#parts.device.createCommandEncoder();
    this.#buffers.forEach((buffer, index) => {
      rows.forEach((row, toRow) => {
        const bytes = (this.lengths[row] as number) * positionBytes;
        for (let head = 0; bytes > 0 && head < keyValueHeads; head++) {
          const from = (row * keyValueHeads + head) * this.#capacity * positionBytes;
          const start = (toRow * keyValueHeads + head) * to.#capacity * positionBytes;
          encoder.copyBufferToBuffer(buffer, from, to.#buffers[index] as GpuBuffer, start, bytes);
        }
      });
    });
    this.#parts.device.queue.submit([encoder.finish()]);
  }
}
