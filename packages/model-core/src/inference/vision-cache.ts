import { SmolVLMError, type ByteStore, type ReadOptions } from "@smolvlm/contracts";
import { once } from "../weights/once.js";
import type { Frame } from "./frames.js";

/** 64 MiB: 445 frames of a 256M model, 100 of the 2.2B one. */
const DEFAULT_MAX_BYTES = 64 * 2 ** 20;

/** How the features of frames are kept, so that a frame that is seen again is not encoded again. */
export interface VisionCacheOptions {
  /** Most bytes in memory; the frames used longest ago go first. 64 MiB by default, 0 for none. */
  readonly maxBytes?: number | undefined;
  /** Where features are kept as well, beyond the life of the model and without a bound. By default nowhere. */
  readonly store?: ByteStore | undefined;
}

/**
 * Image features by the content of the frame they were made of. A frame is known by the SHA-256 of its pixels, so that nobody can make a
 * picture that is taken for another. Where the platform does not have it (`crypto.subtle`: pages that are not served securely),
 * nothing is kept.
 */
export class VisionCache {
  readonly #maxBytes: number;
  readonly #store: ByteStore | undefined;
  readonly #scope: string;
  /** From the one used longest ago to the latest. */
  readonly #entries = new Map<string, Float32Array>();
  #byteLength = 0;

  /** @param scope what else the features depend on: the weights, their format and the device. */
  constructor(options: VisionCacheOptions, scope: string) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#store = options.store;
    this.#scope = scope;
  }

  /** Bytes of features in memory. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Whether features outlive the model, so that those of frames it never saw may be known. */
  get isStored(): boolean {
    return this.#store !== undefined;
  }

  /** What a frame is known by; undefined where it cannot be said. */
  async keyOf({ side, pixels, mask }: Frame): Promise<string | undefined> {
    if (this.#maxBytes === 0 && this.#store === undefined) return undefined;
    const hashes = await Promise.all([sha256(pixels), mask && sha256(mask)]);
    return hashes[0] && [side, ...hashes.filter((hash) => hash !== undefined)].join("-");
  }

  /** The features under a key, when there are some of this length. They must not be changed. */
  async get(key: string, length: number, options: ReadOptions): Promise<Float32Array | undefined> {
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    const bytes = await this.#readStored(key, length * Float32Array.BYTES_PER_ELEMENT, options);
    if (!bytes) return undefined;
    const features = new Float32Array(bytes.slice().buffer);
    this.#keep(key, features);
    return features;
  }

  /** Keeps features; they must not be changed afterwards. */
  async put(key: string, features: Float32Array, { signal }: ReadOptions): Promise<void> {
    this.#keep(key, features);
    const bytes = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
    await this.#store
      ?.put(this.#storeKey(key), bytes.byteLength, once(bytes), { signal })
      .catch((error: unknown) => forgive(error, signal));
  }

  #keep(key: string, features: Float32Array): void {
    if (features.byteLength > this.#maxBytes || this.#entries.has(key)) return;
    this.#entries.set(key, features);
    this.#byteLength += features.byteLength;
    for (const [oldest, { byteLength }] of this.#entries) {
      if (this.#byteLength <= this.#maxBytes) return;
      this.#entries.delete(oldest);
      this.#byteLength -= byteLength;
    }
  }

  async #readStored(key: string, byteLength: number, options: ReadOptions): Promise<Uint8Array | undefined> {
    try {
      const source = await this.#store?.get(this.#storeKey(key), options);
      // An entry of another size was damaged from outside; it is written again.
      return source?.size === byteLength ? await source.read(0, byteLength, options) : undefined;
    } catch (error) {
      forgive(error, options.signal);
      return undefined;
    }
  }

  #storeKey(key: string): string {
    return `${this.#scope}/features-${key}`;
  }
}

/** What goes wrong with a store costs time and nothing else, so no answer fails for it; an abort is still one. */
function forgive(error: unknown, signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
  if (!SmolVLMError.isInstance(error)) throw error;
}

/** The part of the platform's cryptography that is used; its types differ between platforms. */
interface Hashing {
  readonly subtle?: { digest(algorithm: "SHA-256", data: Float32Array | Uint8Array): Promise<ArrayBuffer> } | undefined;
}

/** In hexadecimal; undefined where the platform has no `crypto.subtle`. */
async function sha256(values: Float32Array | Uint8Array): Promise<string | undefined> {
  const { crypto } = globalThis as { readonly crypto?: Hashing };
  const digest = await crypto?.subtle?.digest("SHA-256", values);
  return digest && Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
