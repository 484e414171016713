/** Options of one read. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The part of a browser's `FileSystemFileHandle` that is always there; programs without a browser's types do not know it. */
export interface StoredFile {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<Blob>;
}

/** Bytes that a browser keeps. */
export interface StoredBytes {
  readonly blob: Blob;
  /**
   * The same bytes as files of the origin's private file system, one behind the other, where they are there: a dedicated worker that opens
   * them itself reads them many times as fast as a blob.
   */
  readonly files?: readonly StoredFile[] | undefined;
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
   * In a browser, where all the bytes are outside the page's memory, fetched first where they are remote: a worker can read them there, range
   * by range without waiting. Gives undefined where they are not kept anywhere.
   */
  readonly stored?: ((options?: ReadOptions) => Promise<StoredBytes | undefined>) | undefined;
  /**
   * The bytes `[offset, offset + length)`, always exactly `length` of them.
   *
   * @throws ModelFileError when the range leaves the file or the file is shorter than it said.
   */
  read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>;
  /**
   * Where bytes are remote: the range is going to be read again and again, in small parts. What comes of it is to stay on this side, though
   * nothing else may be kept. The first read of a part of it fetches the rest in the background; who reads what failed to come fetches it again.
   */
  hold?(offset: number, length: number): void;
}

/** Where converted weights are kept between runs: a folder in Node, the browser's stores on the web, memory otherwise. */
export interface ByteStore {
  /** Whether entries are to be deleted as soon as the sessions that they are for have read them; false when absent. */
  readonly isTemporary?: boolean | undefined;
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
