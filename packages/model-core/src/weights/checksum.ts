import type { ByteSource, ReadOptions } from "@smolvlm/contracts";

/** Bytes read at a time. */
const READ_BYTES = 4 * 2 ** 20;

/** FNV-1a over bytes that come in pieces. It finds damage; it is no defence against an attacker. */
export class Checksum {
  #hash = 0x811c9dc5;

  add(bytes: Uint8Array): void {
    let hash = this.#hash;
    for (let index = 0; index < bytes.length; index++) {
      hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
    }
    this.#hash = hash;
  }

  /** Eight hexadecimal digits. */
  get text(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }
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

/** The checksum of a text. */
export function textChecksum(text: string): string {
  const checksum = new Checksum();
  checksum.add(new TextEncoder().encode(text));
  return checksum.text;
}
