import { type ByteSource, type ReadOptions, type StoredBytes } from "@smolvlm/contracts";
import { OfflineError } from "../errors.js";
import type { Lanes } from "../lanes.js";
import { checkRange } from "../memory-byte-source.js";
import { fetchRange } from "../remote/fetch-range.js";
import type { HttpClient } from "../remote/http-client.js";
import type { TransferSource } from "../remote/transfer.js";
import type { FilePieces } from "./model-storage.js";
import { PIECE_BYTES } from "./piece-store.js";
import { readPiece, storedBytes } from "./piece-files.js";
import { SharedWork } from "./shared-work.js";

/** Requests at the same time; more gains nothing on one line and makes a server's limits likelier. */
export const PARALLEL_REQUESTS = 4;

/** Pieces that one request brings where a file is read on: a request costs a browser as much time as megabytes do. */
const PIECES_PER_REQUEST = 4;

/** Pieces whose bytes stay in the page: tensors are read in parts, and to read a part of what the browser keeps takes it some copies. */
const RECENT_PIECES = 3;
/** As many where the browser keeps none: those that one request brings, and those that are still read meanwhile. */
const UNKEPT_PIECES = 2 * PIECES_PER_REQUEST;

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
  /** The requests of pieces on their way, by index. */
  readonly #pending = new Map<number, SharedWork<void>>();
  /** Who waits for a piece alone, by index. */
  readonly #waiting = new Map<number, ((bytes: Uint8Array) => void)[]>();
  /** The bytes of those that were fetched last, by index; with them those that are not stored yet. */
  readonly #recent = new Map<number, Uint8Array>();
  readonly #unwritten = new Set<number>();
  /** Pieces that were kept when that was looked up last, by index. */
  #kept: ReadonlySet<number> = new Set();
  /** Pieces to be held where the browser keeps none, by index, and the ranges that they are for. */
  readonly #held = new Set<number>();
  readonly #heldRanges: { readonly offset: number; readonly end: number }[] = [];
  #isHolding = false;
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
      const piece = await this.#piece(index, options.signal);
      const part = piece instanceof Blob ? await readPiece(piece, from, to, name) : piece.subarray(from, to);
      bytes.set(part, start + from - offset);
    }
    // Once some of it is read, the rest of what is to be held comes while nobody waits for it. Reading what lies beside it, in the same
    // piece, is no such time: then the whole model is being read.
    const isHeld = this.#heldRanges.some((held) => held.offset <= offset && offset + length <= held.end);
    if (isHeld && !this.#init.pieces.isLasting) void this.#fetchHeld();
    return bytes;
  }

  hold(offset: number, length: number): void {
    this.#heldRanges.push({ offset, end: offset + length });
    for (let at = Math.floor(offset / PIECE_BYTES); at * PIECE_BYTES < offset + length; at++) this.#held.add(at);
  }

  /** Absent where the pieces cannot all be kept. */
  get stored(): ByteSource["stored"] {
    return this.#init.pieces.isLasting ? (options) => this.#stored(options) : undefined;
  }

  /** Bytes that are not kept yet. */
  async missingBytes(): Promise<number> {
    await this.#lookUp();
    return [...this.#kept].reduce((rest, index) => rest - this.#lengthOf(index), this.size);
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
      await this.#lookUp();
      const missing = Array.from({ length: this.#count }, (_, index) => index).filter(
        (index) => !this.#kept.has(index),
      );
      // As many at a time as there are lanes: more would only wait. Of few pieces each is a request, so that all lanes have one.
      const most = Math.min(PIECES_PER_REQUEST, Math.ceil(missing.length / PARALLEL_REQUESTS));
      await Promise.all(
        Array.from({ length: PARALLEL_REQUESTS }, async () => {
          while (missing.length > 0 && pieces.isLasting) {
            let count = 1;
            while (count < most && missing[count] === (missing[0] as number) + count) count++;
            for (const index of missing.splice(0, count)) await this.#store(index, count, signal);
          }
        }),
      );
    } finally {
      if (onBytes) this.#listeners.delete(onBytes);
    }
  }

  async #stored(options: ReadOptions = {}): Promise<StoredBytes | undefined> {
    await this.fill(options);
    const pieces: Blob[] = [];
    for (let index = 0; index < this.#count; index++) {
      await this.#store(index, 1, options.signal);
      pieces.push((await this.#init.pieces.read(index)) ?? new Blob());
    }
    const stored = await storedBytes(pieces);
    // Storage that broke off meanwhile would put it all in memory.
    return this.#init.pieces.isLasting && stored.blob.size === this.size ? stored : undefined;
  }

  get #count(): number {
    return Math.ceil(this.size / PIECE_BYTES);
  }

  #lengthOf(index: number): number {
    return Math.min(PIECE_BYTES, this.size - index * PIECE_BYTES);
  }

  async #lookUp(): Promise<void> {
    this.#kept = new Set(await this.#init.pieces.indices());
  }

  #report = (count: number): void => {
    for (const listener of this.#listeners) listener(count);
  };

  /** A piece, from the page's memory, as it is kept, or from the network. */
  async #piece(index: number, signal: AbortSignal | undefined): Promise<Uint8Array | Blob> {
    const { pieces, source } = this.#init;
    const found = this.#recent.get(index) ?? (await pieces.read(index));
    if (found) return found;
    // Who reads on gets what comes next with the same request.
    const isNext = this.#recent.has(index - 1) || this.#pending.has(index - 1);
    const request = this.#request(index, isNext ? PIECES_PER_REQUEST : 1, true);
    const arrived = new Promise<Uint8Array>((resolve) => {
      this.#waiting.set(index, [...(this.#waiting.get(index) ?? []), resolve]);
    });
    const ended = request.join(signal).then(async () => this.#recent.get(index) ?? (await pieces.read(index)));
    const piece = await Promise.race([arrived, ended]);
    return (
      piece ?? Promise.reject(new OfflineError(`${source.name} was removed from the browser's store while in use.`))
    );
  }

  /** Fetches a piece, with as many of the next as `most` says, until it is kept; does nothing where it is. */
  async #store(index: number, most: number, signal: AbortSignal | undefined): Promise<void> {
    // One on its way is joined at once: looked up, it might be missing, and no longer on its way by the time that this is known.
    const isWanted = this.#pending.has(index) || !(await this.#init.pieces.read(index));
    if (isWanted) await this.#request(index, most, false).join(signal);
  }

  /** Fetches what is to be held and is not here; what goes wrong is told to those who read it. */
  async #fetchHeld(): Promise<void> {
    if (this.#isHolding) return;
    this.#isHolding = true;
    try {
      for (const index of this.#held) await this.#store(index, 1, undefined);
    } catch {
      this.#isHolding = false;
    }
  }

  /** The request that brings a piece: one that is on its way, or a new one. */
  #request(index: number, most: number, urgent: boolean): SharedWork<void> {
    const { source, offline } = this.#init;
    if (offline) {
      throw new OfflineError(`${source.name} is not stored in this browser, and requests are switched off (offline).`);
    }
    const known = this.#pending.get(index);
    if (known && !known.isAborted) return known;
    let end = index + 1;
    const isFree = (at: number): boolean => !this.#pending.has(at) && !this.#recent.has(at) && !this.#kept.has(at);
    while (end < Math.min(index + most, this.#count) && isFree(end)) end++;
    const request = new SharedWork((signal) => this.#fetch(index, end, urgent, signal));
    for (let at = index; at < end; at++) this.#pending.set(at, request);
    request.finally(() => {
      for (let at = index; at < end; at++) this.#arrived(at, request);
    });
    return request;
  }

  /** Nobody has to wait for this request to bring this piece any more. */
  #arrived(index: number, request: SharedWork<void>): void {
    if (this.#pending.get(index) !== request) return;
    this.#pending.delete(index);
    this.#waiting.delete(index);
  }

  async #fetch(first: number, end: number, urgent: boolean, signal: AbortSignal): Promise<void> {
    const { client, source, lanes } = this.#init;
    if (this.#hasRanges) {
      const range = { start: first * PIECE_BYTES, end: Math.min(end * PIECE_BYTES, this.size) };
      const written: Promise<void>[] = [];
      const onPiece = (bytes: Uint8Array<ArrayBuffer>, at: number): void =>
        void written.push(this.#keep(first + at, bytes));
      const options = { signal, onBytes: this.#report, pieceBytes: PIECE_BYTES, onPiece };
      const isThere = await lanes
        .run(urgent, async () => this.#hasRanges && fetchRange(client, source, range, options))
        // Pieces that were whole when a connection broke off are kept too before anyone is told of it.
        .finally(() => Promise.all(written));
      if (isThere) return;
      this.#hasRanges = false;
    }
    if (!this.#whole || this.#whole.isAborted) this.#whole = new SharedWork((ownSignal) => this.#fetchWhole(ownSignal));
    await this.#whole.join(signal);
  }

  /** Fetches the file from a server that knows no ranges, and keeps its pieces as they pass. */
  async #fetchWhole(signal: AbortSignal): Promise<void> {
    const { client, source, lanes, pieces } = this.#init;
    // What is kept comes again, and does not count.
    let uncounted = this.size - (await this.missingBytes());
    const kept = this.#kept;
    const options = {
      signal,
      onBytes: (count: number) => {
        const skipped = Math.min(uncounted, Math.max(count, 0));
        uncounted -= skipped;
        this.#report(count - skipped);
      },
      pieceBytes: PIECE_BYTES,
      onPiece: async (bytes: Uint8Array<ArrayBuffer>, index: number) => {
        if (!kept.has(index)) await pieces.write(index, bytes, true);
      },
    };
    await lanes.run(true, () => fetchRange(client, source, { start: 0, end: this.size }, options));
  }

  /** Gives a piece to those who wait for it, and to the browser to keep. */
  async #keep(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { pieces } = this.#init;
    this.#recent.set(index, bytes);
    for (const resolve of this.#waiting.get(index) ?? []) resolve(bytes);
    this.#waiting.delete(index);
    this.#unwritten.add(index);
    await pieces.write(index, bytes, this.#held.has(index));
    this.#unwritten.delete(index);
    this.#pending.delete(index);
    const most = pieces.isLasting ? RECENT_PIECES : UNKEPT_PIECES;
    for (const at of this.#recent.keys()) {
      if (this.#recent.size <= most) break;
      if (!this.#unwritten.has(at)) this.#recent.delete(at);
    }
  }
}
