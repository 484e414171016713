import { InvalidArgumentError, type KeyValueCacheLayout } from "@smolvlm/contracts";
import { freeBuffers } from "./free-buffers.js";
import { planeArray, planesOf, type KeyValuePlane, type PlaneArray } from "./key-value-planes.js";
import { KeyValueRows } from "./key-value-rows.js";
import { quantizePositions } from "./quantize-positions.js";

/** Fewest and most positions that are reserved at once. */
const [LEAST_STEP, MOST_STEP] = [64, 256];

/**
 * Room for so many positions. Attention reads all of it, so more than needed costs time in every step, and growing copies it all: in steps of
 * an eighth of what is there, in powers of two, both cost about the same.
 */
function capacityFor(positions: number): number {
  const step = Math.min(Math.max(2 ** Math.floor(Math.log2(positions / 8)), LEAST_STEP), MOST_STEP);
  return Math.ceil(positions / step) * step;
}

/**
 * Keys and values of a batch whose rows have their own lengths, in buffers that grow. Runtime-neutral: it knows arrays only.
 * Buffer `2·layer` holds the keys and `2·layer + 1` the values of a layer, each [batch, keyValueHeads, capacity, headDim], as float32 or, with
 * scales in further buffers, as int8; what lies beyond a row's length is zero or was forgotten, so finite where keys and values are: attention may mask it by weight 0.
 */
export class GrowingKeyValues extends KeyValueRows {
  /** What each buffer is. */
  readonly planes: readonly KeyValuePlane[];
  #capacity = 0;
  #buffers: readonly PlaneArray[];

  /** @throws InvalidArgumentError when `batch` is not a positive integer. */
  constructor(layout: KeyValueCacheLayout, batch: number) {
    super(layout, batch);
    this.planes = planesOf(layout);
    this.#buffers = this.planes.map((plane) => planeArray(plane, 0));
  }

  /** Positions there is room for in every row. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The buffers as they are now; growing replaces them and empties those of before. */
  get buffers(): readonly PlaneArray[] {
    return this.#buffers;
  }

  /** Bytes of all buffers. */
  get byteLength(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
  }

  /**
   * Adds the first `newLengths[row]` of `positions` to each row, behind what it has.
   *
   * @param rows keys and values of each layer in turn, [batch, keyValueHeads, positions, headDim], or one array of them all.
   * @returns what copies them, to be called before anything else is asked; lengths and capacity are those of afterwards already.
   * @throws InvalidArgumentError as {@link checkAppend}, or when an array does not have that shape.
   */
  append(rows: readonly Float32Array[], positions: number, newLengths: readonly number[]): () => void {
    this.checkAppend(newLengths);
    const { keyValueHeads, headDim } = this.layout;
    const size = this.batch * keyValueHeads * positions * headDim;
    const count = 2 * this.layout.layers;
    const perArray = rows.length === 1 ? count : 1;
    const wrong = rows.length * perArray === count ? rows.find(({ length }) => length !== size * perArray) : [];
    if (wrong !== undefined || newLengths.some((count) => count > positions)) {
      throw new InvalidArgumentError({
        argument: "rows",
        expected: `${count} arrays of [${this.batch}, ${keyValueHeads}, ${Math.max(...newLengths)} or more, ${headDim}], or one of them all`,
        found: `${rows.length} arrays of ${wrong?.length ?? size} elements for ${positions} positions`,
      });
    }
    const starts = this.lengths;
    this.#reserve(Math.max(...starts.map((length, row) => length + (newLengths[row] ?? 0))));
    this.grow(newLengths);
    return () => {
      for (let index = 0; index < count; index++) {
        const values = rows[Math.floor(index / perArray)] as Float32Array;
        const first = (index % perArray) * size;
        for (let row = 0; row < this.batch; row++) {
          const added = (newLengths[row] as number) * headDim;
          for (let head = row * keyValueHeads; head < (row + 1) * keyValueHeads; head++) {
            const from = first + head * positions * headDim;
            this.#write(index, head * this.#capacity + (starts[row] as number), values.subarray(from, from + added));
          }
        }
      }
    };
  }

  /** Writes positions of one head of buffer `index`, from position `at` of the whole buffer on. */
  #write(index: number, at: number, values: Float32Array): void {
    const { layers, headDim } = this.layout;
    const buffer = this.#buffers[index] as PlaneArray;
    if (buffer instanceof Float32Array) buffer.set(values, at * headDim);
    else
      quantizePositions(values, headDim, {
        steps: buffer,
        scales: this.#buffers[2 * layers + index] as Float32Array,
        at,
      });
  }

  /**
   * An independent copy of the rows named, in that order.
   *
   * @throws InvalidArgumentError when there is no row, or one that does not exist.
   */
  fork(rows: readonly number[] = [...this.lengths.keys()]): GrowingKeyValues {
    const lengths = this.lengthsOf(rows);
    const copy = new GrowingKeyValues(this.layout, rows.length);
    copy.#reserve(Math.max(...lengths));
    copy.take(lengths);
    copy.#buffers.forEach((buffer, index) => {
      const source = this.#buffers[index] as PlaneArray;
      const { width } = this.planes[index] as KeyValuePlane;
      rows.forEach((row, to) => copyRow({ from: this, source, row, to: copy, destination: buffer, toRow: to, width }));
    });
    return copy;
  }

  /** Frees the buffers; it is of no use afterwards. */
  dispose(): void {
    freeBuffers(this.#buffers);
  }

  #reserve(positions: number): void {
    if (positions <= this.#capacity) return;
    const { keyValueHeads, maxLength } = this.layout;
    const capacity = Math.min(capacityFor(positions), maxLength);
    const from = { capacity: this.#capacity, layout: this.layout, lengths: this.lengths };
    this.#buffers = this.#buffers.map((source, index) => {
      const plane = this.planes[index] as KeyValuePlane;
      const destination = planeArray(plane, this.batch * keyValueHeads * capacity * plane.width);
      for (let row = 0; row < this.batch; row++) {
        copyRow({ from, source, row, to: { capacity }, destination, toRow: row, width: plane.width });
      }
      // One after the other: all of them together are the largest part of what an answer takes.
      freeBuffers([source]);
      return destination;
    });
    this.#capacity = capacity;
  }
}

/** Copies the valid positions of row `row` of one buffer to row `toRow` of another. */
function copyRow({ from, source, row, to, destination, toRow, width }: RowCopy): void {
  const { keyValueHeads } = from.layout;
  const count = (from.lengths[row] as number) * width;
  for (let head = 0; head < keyValueHeads; head++) {
    const start = (row * keyValueHeads + head) * from.capacity * width;
    destination.set(source.subarray(start, start + count), (toRow * keyValueHeads + head) * to.capacity * width);
  }
}

interface RowCopy {
  readonly from: Pick<GrowingKeyValues, "capacity" | "layout" | "lengths">;
  readonly source: PlaneArray;
  readonly row: number;
  readonly to: Pick<GrowingKeyValues, "capacity">;
  readonly destination: PlaneArray;
  readonly toRow: number;
  /** Elements of a position of a head. */
  readonly width: number;
}
