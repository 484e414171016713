/** Options of one read. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that can be read in ranges: a local file, a remote file with range requests, or a buffer. */
export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /** Absolute path, where the bytes are a local file: a backend may then map them instead of reading. */
  readonly path?: string | undefined;
  /** When the bytes were last changed, in milliseconds since 1970, where that is known: other bytes have another time. */
  readonly modified?: number | undefined;
  /**
   * In a browser, all the bytes as a `Blob` that is not in the page's memory, fetched first where they are remote: a worker can read it
   * range by range without waiting. Gives undefined where they are not kept anywhere.
   */
  readonly blob?: ((options?: ReadOptions) => Promise<Blob | undefined>) | undefined;
  /**
   * The bytes `[offset, offset + length)`, always exactly `length` of them.
   *
   * @throws ModelFileError when the range leaves the file or the file is shorter than it said.
   */
  read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>;
}

/** Where converted weights are kept between runs: a folder in Node, the browser's stores on the web, memory otherwise. */
export interface ByteStore {
  /** The complete entry under `key`, or undefined. An entry whose writing failed is never seen here. */
  get(key: string, options?: ReadOptions): Promise<ByteSource | undefined>;
  /**
   * Writes an entry of exactly `size` bytes, piece by piece in order, and publishes it only when all of it is there.
   * On an error or abort nothing remains.
   */
  put(key: string, size: number, pieces: AsyncIterable<Uint8Array>, options?: ReadOptions): Promise<ByteSource>;
  /** Removes an entry; nothing happens where there is none. Those who read it already may read on. */
  delete(key: string): Promise<void>;
}
