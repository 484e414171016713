import type { ByteSource, ByteStore, ReadOptions } from "@smolvlm/contracts";
import { wrongSize } from "../memory-byte-store.js";
import { blobByteSource } from "./blob-byte-source.js";
import { opfsPieceStore } from "./opfs-piece-store.js";
import { cacheStore, pageStorage, storageProblem, type PageStorage } from "./page-storage.js";
import { PIECE_BYTES, type PieceStore } from "./piece-store.js";
import { filesInWorker, storedBytes } from "./piece-files.js";

/** A `ByteStore` of a page. */
export interface BrowserByteStore extends ByteStore {
  /** Where entries are kept; undefined before the first use. `memory` once the browser has refused to keep one. */
  readonly kind: "opfs" | "cache" | "memory" | undefined;
  /** Why it is not the best place, the origin's private file system; undefined where it is. */
  readonly fallbackReason: string | undefined;
}

/** Options of {@link browserByteStore}. */
export interface BrowserByteStoreOptions {
  /** False for a store whose entries are for the page that writes them alone, and gone when it is; true when absent. */
  readonly keep?: boolean | undefined;
  /** Told when entries are kept in a worse place than hoped for: no room, or a browser that does not let the page. */
  readonly onFallback?: ((reason: string) => void) | undefined;
}

/** Piece of an entry that says it is whole: written last, and gone first. */
const SEAL = "size";

/**
 * Keeps converted weights in the best place that the browser offers: the origin's private file system, else the Cache API, else memory.
 * An entry appears when all of it is there. When there is no room, the entry at hand goes on in memory, and those to come too.
 */
export function browserByteStore(options: BrowserByteStoreOptions = {}): BrowserByteStore {
  return new PieceByteStore(options.keep === false ? temporaryStorage : pageStorage, options);
}

/** A {@link browserByteStore} that tries nothing but the origin's private file system before memory. */
export function opfsByteStore(options: BrowserByteStoreOptions = {}): BrowserByteStore {
  return new PieceByteStore(() => only("private file system", opfsPieceStore), options);
}

/** A {@link browserByteStore} that tries nothing but the Cache API before memory. */
export function cacheByteStore(options: BrowserByteStoreOptions = {}): BrowserByteStore {
  return new PieceByteStore(() => only("cache", cacheStore), options);
}

async function temporaryStorage(): Promise<PageStorage> {
  return only("private file system", async () => opfsPieceStore(await (await filesInWorker()).temporaryFolder()));
}

async function only(what: string, open: () => Promise<PieceStore>): Promise<PageStorage> {
  try {
    return { store: await open(), reason: undefined };
  } catch (error) {
    return { store: undefined, reason: `the browser's ${what} cannot be used (${String(error)})` };
  }
}

class PieceByteStore implements BrowserByteStore {
  kind: BrowserByteStore["kind"];
  fallbackReason: string | undefined;
  readonly isTemporary: boolean;
  readonly #open: () => Promise<PageStorage>;
  readonly #options: BrowserByteStoreOptions;
  readonly #inMemory = new Map<string, ByteSource>();
  #store: Promise<PieceStore | undefined> | undefined;

  constructor(open: () => Promise<PageStorage>, options: BrowserByteStoreOptions) {
    this.#open = open;
    this.#options = options;
    this.isTemporary = options.keep === false;
  }

  async get(key: string, { signal }: ReadOptions = {}): Promise<ByteSource | undefined> {
    signal?.throwIfAborted();
    const held = this.#inMemory.get(key);
    if (held) return held;
    const store = await this.#opened();
    // What cannot be read is made again.
    return store && read(store, key).catch(() => undefined);
  }

  async put(
    key: string,
    size: number,
    pieces: AsyncIterable<Uint8Array>,
    { signal }: ReadOptions = {},
  ): Promise<ByteSource> {
    signal?.throwIfAborted();
    const store = await this.#opened();
    const written = await inTurn(key, signal, async () => {
      const found = store && (await read(store, key).catch(() => undefined));
      // Another page has written it while this one waited.
      if (found?.size === size) return found;
      return new EntryWriter(store, key, size, (reason) => this.#refused(reason)).write(pieces, signal);
    });
    if (this.kind === "memory") this.#inMemory.set(key, written);
    return written;
  }

  async delete(key: string): Promise<void> {
    this.#inMemory.delete(key);
    const store = await this.#opened();
    const [model, entry] = namesOf(key);
    await inTurn(key, undefined, async () => store?.remove(model, entry));
  }

  #opened(): Promise<PieceStore | undefined> {
    this.#store ??= this.#open().then(({ store, reason }) => {
      this.kind = store?.kind ?? "memory";
      if (reason !== undefined) this.#explain(reason);
      return store;
    });
    return this.#store;
  }

  #explain(reason: string): void {
    this.fallbackReason = reason;
    this.#options.onFallback?.(reason);
  }

  #refused(reason: string): void {
    this.kind = "memory";
    this.#store = Promise.resolve(undefined);
    this.#explain(reason);
  }
}

/** Writes one entry piece by piece; into memory once the store refuses. */
class EntryWriter {
  readonly #names: readonly [model: string, entry: string];
  readonly #pieces: Blob[] = [];
  #store: PieceStore | undefined;

  constructor(
    store: PieceStore | undefined,
    private readonly key: string,
    private readonly size: number,
    private readonly onRefused: (reason: string) => void,
  ) {
    this.#store = store;
    this.#names = namesOf(key);
  }

  async write(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<ByteSource> {
    const [model, entry] = this.#names;
    try {
      await this.#store?.remove(model, entry);
      let buffer = new Uint8Array(Math.min(PIECE_BYTES, this.size));
      let filled = 0;
      let written = 0;
      for await (const bytes of pieces) {
        signal?.throwIfAborted();
        written += bytes.byteLength;
        if (written > this.size) throw wrongSize(this.key, this.size, written);
        for (let done = 0; done < bytes.byteLength;) {
          const taken = Math.min(bytes.byteLength - done, buffer.length - filled);
          buffer.set(bytes.subarray(done, done + taken), filled);
          done += taken;
          filled += taken;
          if (filled < buffer.length) continue;
          await this.#add(buffer);
          buffer = new Uint8Array(Math.min(PIECE_BYTES, this.size - written + bytes.byteLength - done));
          filled = 0;
        }
      }
      signal?.throwIfAborted();
      if (written !== this.size) throw wrongSize(this.key, this.size, written);
      await this.#seal();
      const stored = this.#store && (await read(this.#store, this.key));
      return stored ?? blobByteSource(new Blob(this.#pieces), this.key);
    } catch (error) {
      await this.#store?.remove(model, entry).catch(() => undefined);
      throw error;
    }
  }

  async #add(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const piece = await this.#try(String(this.#pieces.length), bytes);
    if (piece) {
      this.#pieces.push(piece);
      return;
    }
    this.#pieces.push(new Blob([bytes]));
  }

  async #seal(): Promise<void> {
    await this.#try(SEAL, new TextEncoder().encode(String(this.size)));
  }

  /** Writes a piece and gives what is kept of it; undefined once the store refuses, and then all that it has is taken back. */
  async #try(piece: string, bytes: Uint8Array<ArrayBuffer>): Promise<Blob | undefined> {
    const [model, entry] = this.#names;
    const store = this.#store;
    if (!store) return undefined;
    const address = { model, entry, piece };
    try {
      await store.write(address, bytes);
      return await store.read(address);
    } catch (error) {
      this.#store = undefined;
      // A blob of bytes is the browser's to hold, and it may put it on disk; one of a stored file is gone with the file.
      for (const [index, kept] of this.#pieces.entries()) this.#pieces[index] = new Blob([await kept.arrayBuffer()]);
      await store.remove(model, entry).catch(() => undefined);
      this.onRefused(`${storageProblem(error)}; converted weights stay in memory`);
      return undefined;
    }
  }
}

async function read(store: PieceStore, key: string): Promise<ByteSource | undefined> {
  const [model, entry] = namesOf(key);
  const seal = await store.read({ model, entry, piece: SEAL });
  const size = Number(await seal?.text());
  if (!Number.isSafeInteger(size)) return undefined;
  const pieces: Blob[] = [];
  for (let at = 0; at < size; at += PIECE_BYTES) {
    const piece = await store.read({ model, entry, piece: String(pieces.length) });
    if (piece?.size !== Math.min(PIECE_BYTES, size - at)) return undefined;
    pieces.push(piece);
  }
  // Pieces are never changed, only made anew, and the seal last.
  const modified = seal instanceof File ? { modified: seal.lastModified } : {};
  return { ...blobByteSource(new Blob(pieces), key), stored: () => storedBytes(pieces), ...modified };
}

/** What stands before the first slash of a key is the revision of the model. */
function namesOf(key: string): readonly [model: string, entry: string] {
  const slash = key.indexOf("/");
  return slash > 0 ? [key.slice(0, slash), key.slice(slash + 1)] : ["other", key];
}

/** Pages of one origin write an entry one after the other, where the browser has locks. */
async function inTurn<T>(key: string, signal: AbortSignal | undefined, write: () => Promise<T>): Promise<T> {
  // A page that is not served securely has none.
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return write();
  return locks.request(`smolvlm:${key}`, signal ? { signal } : {}, write) as Promise<T>;
}
