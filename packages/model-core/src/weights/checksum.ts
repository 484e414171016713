import type { ByteSource, ReadOptions } from "@smolvlm/contracts";

/** Bytes read at a time. */
const READ_BYTES = 4 * 2 ** 20;

/** A 32-bit hash of bytes that come in pieces, four bytes a step. It finds damage; it is no defence against an attacker. */
export class Checksum {
  #hash = 0x811c9dc5;
  /** Bytes that do not fill a word yet. */
  readonly #rest = new Uint8Array(4);
  #restLength = 0;

  add(bytes: Uint8Array): void {
    let at = 0;
    while (this.#restLength > 0 && at < bytes.length) this.#addByte(bytes[at++] as number);
    const count = (bytes.length - at) >> 2;
    const end = at + 4 * count;
    const start = bytes.byteOffset + at;
    // Words are read where they are aligned, and from a copy elsewhere.
    const words =
      start % 4 === 0 ? new Int32Array(bytes.buffer, start, count) : new Int32Array(bytes.slice(at, end).buffer);
    let hash = this.#hash;
    for (let index = 0; index < count; index++) hash = mix(hash, words[index] as number);
    this.#hash = hash;
    for (at = end; at < bytes.length; at++) this.#addByte(bytes[at] as number);
  }

  /** Eight hexadecimal digits. */
  get text(): string {
    let hash = this.#hash;
    for (let index = 0; index < this.#restLength; index++) hash = mix(hash, this.#rest[index] as number);
    return (hash >>> 0).toString(16).padStart(8, "0");
  }

  #addByte(byte: number): void {
    this.#rest[this.#restLength++] = byte;
    if (this.#restLength < 4) return;
    this.#restLength = 0;
    this.#hash = mix(this.#hash, new Int32Array(this.#rest.buffer)[0] as number);
  }
}

/** FNV-1a's step, turned so that every bit of a word reaches the lower half too. */
function mix(hash: number, word: number): number {
  const mixed = hash ^ word;
  return Math.imul((mixed << 13) | (mixed >>> 19), 0x01000193);
}

/** The checksum of a whole source. */
export async function checksumOf(source: ByteSource, options?: ReadOptions): Promise<string> {
  const checksum = new Checksum();
  for (let at = 0; at < source.size; at += READ_BYTES) {
    options?.signal?.throwIfAborted();
    checksum.add(await source.read(at, Math.min(READ_BYTES, source.size - at), options));
  }
  return checksum.text;
}

/** The checksum of some bytes. */
export function bytesChecksum(bytes: Uint8Array): string {
  const checksum = new Checksum();
  checksum.add(bytes);
  return checksum.text;
}

/** The checksum of a text. */
export function textChecksum(text: string): string {
  return bytesChecksum(new TextEncoder().encode(text));
}
