import { type ByteSource, type ReadOptions } from "@smolvlm/contracts";
import { OfflineError } from "../errors.js";
import type { Lanes } from "../lanes.js";
import { checkRange } from "../memory-byte-source.js";
import { fetchRange } from "../remote/fetch-range.js";
import type { HttpClient } from "../remote/http-client.js";
import type { TransferSource } from "../remote/transfer.js";
import { readBlob } from "./blob-byte-source.js";
import { fetchWhole } from "./fetch-whole.js";
import type { FilePieces } from "./model-storage.js";
import { PIECE_BYTES } from "./piece-store.js";
import { SharedWork } from "./shared-work.js";

/** Requests at the same time; more gains nothing on one line and makes a server's limits likelier. */
export const PARALLEL_REQUESTS = 4;

/** Pieces whose bytes stay in the page: tensors are read in parts, and to read a part of what the browser keeps takes it some copies. */
const RECENT_PIECES = 3;

/** What a remote file is read with. */
export interface RemoteFileInit {
  readonly client: HttpClient;
  readonly source: TransferSource;
  readonly pieces: FilePieces;
  /** Shared by the files of a model. */
  readonly lanes: Lanes;
  /** Whether to make no requests. */
  readonly offline: boolean;
}

/**
 * A file on a server, fetched in pieces of {@link PIECE_BYTES} when they are read or by {@link fill}, each at most once while it is
 * kept. A server without ranges sends the file in one stream, whose pieces are kept as they pass.
 */
export class RemoteFile implements ByteSource {
  readonly size: number;
  readonly #init: RemoteFileInit;
  readonly #listeners = new Set<(count: number) => void>();
  /** Pieces on their way, by index. */
  readonly #pending = new Map<number, SharedWork<Blob>>();
  /** The bytes of those that were fetched last, by index. */
  readonly #recent = new Map<number, Uint8Array>();
  #whole: SharedWork<void> | undefined;
  #hasRanges = true;

  constructor(init: RemoteFileInit) {
    this.#init = init;
    this.size = init.source.size;
  }

  async read(offset: number, length: number, options: ReadOptions = {}): Promise<Uint8Array> {
    const { name } = this.#init.source;
    options.signal?.throwIfAborted();
    checkRange(name, this.size, offset, length);
    const first = Math.floor(offset / PIECE_BYTES);
    const end = Math.ceil((offset + length) / PIECE_BYTES);
    const bytes = new Uint8Array(length);
    for (let index = first; index < end; index++) {
      const start = index * PIECE_BYTES;
      const from = Math.max(offset - start, 0);
      const to = Math.min(offset + length - start, PIECE_BYTES);
      const piece = await this.#piece(index, true, options.signal);
      const part = this.#recent.get(index)?.subarray(from, to) ?? (await readBlob(piece.slice(from, to), name));
      bytes.set(part, start + from - offset);
    }
    return bytes;
  }

  /** Absent where the pieces cannot all be kept. */
  get blob(): ByteSource["blob"] {
    return this.#init.pieces.isLasting ? (options) => this.#blob(options) : undefined;
  }

  /** Bytes that are not kept yet. */
  async missingBytes(): Promise<number> {
    const kept = await this.#init.pieces.indices();
    return kept.reduce((rest, index) => rest - this.#lengthOf(index), this.size);
  }

  /**
   * Fetches all pieces, as far as they can be kept.
   *
   * @param options - `onBytes` is called with the bytes gained by anyone, negative when some are thrown away.
   */
  async fill(options: ReadOptions & { readonly onBytes?: ((count: number) => void) | undefined } = {}): Promise<void> {
    const { signal, onBytes } = options;
    const { pieces } = this.#init;
    if (onBytes) this.#listeners.add(onBytes);
    try {
      const kept = new Set(await pieces.indices());
      const missing = Array.from({ length: this.#count }, (_, index) => index).filter((index) => !kept.has(index));
      // As many at a time as there are lanes: more would only wait.
      await Promise.all(
        Array.from({ length: PARALLEL_REQUESTS }, async () => {
          for (let index = missing.shift(); index !== undefined && pieces.isLasting; index = missing.shift()) {
            await this.#piece(index, false, signal);
          }
        }),
      );
    } finally {
      if (onBytes) this.#listeners.delete(onBytes);
    }
  }

  async #blob(options: ReadOptions = {}): Promise<Blob | undefined> {
    await this.fill(options);
    const pieces: Blob[] = [];
    for (let index = 0; index < this.#count; index++) pieces.push(await this.#piece(index, true, options.signal));
    // Storage that broke off meanwhile would put it all in memory.
    return this.#init.pieces.isLasting ? new Blob(pieces) : undefined;
  }

  get #count(): number {
    return Math.ceil(this.size / PIECE_BYTES);
  }

  #lengthOf(index: number): number {
    return Math.min(PIECE_BYTES, this.size - index * PIECE_BYTES);
  }

  #report = (count: number): void => {
    for (const listener of this.#listeners) listener(count);
  };

  async #piece(index: number, urgent: boolean, signal: AbortSignal | undefined): Promise<Blob> {
    const { pieces, source, offline } = this.#init;
    const kept = await pieces.read(index);
    if (kept?.size === this.#lengthOf(index)) return kept;
    if (offline) {
      throw new OfflineError(`${source.name} is not stored in this browser, and requests are switched off (offline).`);
    }
    let work = this.#pending.get(index);
    if (!work || work.isAborted) {
      work = new SharedWork((ownSignal) => this.#fetch(index, urgent, ownSignal));
      const own = work;
      this.#pending.set(index, own);
      own.finally(() => {
        if (this.#pending.get(index) === own) this.#pending.delete(index);
      });
    }
    return work.join(signal);
  }

  async #fetch(index: number, urgent: boolean, signal: AbortSignal): Promise<Blob> {
    const { client, source, lanes, pieces } = this.#init;
    const start = index * PIECE_BYTES;
    const end = start + this.#lengthOf(index);
    if (this.#hasRanges) {
      const bytes = await lanes.run(urgent, async () =>
        this.#hasRanges ? fetchRange(client, source, { start, end }, { signal, onBytes: this.#report }) : undefined,
      );
      if (bytes) {
        this.#recent.set(index, bytes);
        const [oldest] = this.#recent.keys();
        if (this.#recent.size > RECENT_PIECES) this.#recent.delete(oldest as number);
        return pieces.write(index, bytes);
      }
      this.#hasRanges = false;
    }
    if (!this.#whole || this.#whole.isAborted) {
      this.#whole = new SharedWork((ownSignal) =>
        lanes.run(true, () => fetchWhole(this.#init, { signal: ownSignal, onBytes: this.#report })),
      );
    }
    await this.#whole.join(signal);
    const piece = await pieces.read(index);
    return (
      piece ?? Promise.reject(new OfflineError(`${source.name} was removed from the browser's store while in use.`))
    );
  }
}
