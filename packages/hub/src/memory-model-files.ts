import type { ModelFiles } from "@smolvlm/contracts";
import { memoryByteSource } from "./memory-byte-source.js";

/**
 * A checkpoint whose files are in memory: for tests, and for models that come with a program.
 *
 * @param files - content by path, relative and with forward slashes; a string stands for its UTF-8 bytes.
 * @param id - what error messages call the model.
 */
export function memoryModelFiles(files: Readonly<Record<string, Uint8Array | string>>, id = "memory"): ModelFiles {
  const contents = new Map(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    ]),
  );
  return {
    id,
    revision: fingerprint(contents),
    async list(options) {
      options?.signal?.throwIfAborted();
      return [...contents.keys()].sort();
    },
    async open(path, options) {
      options?.signal?.throwIfAborted();
      const bytes = contents.get(path);
      return bytes && memoryByteSource(bytes, path);
    },
    async prefetch(_paths, options) {
      options?.signal?.throwIfAborted();
    },
  };
}

/** FNV-1a over names and contents: tells two sets of files apart for cache keys; it is no defence against an attacker. */
function fingerprint(contents: ReadonlyMap<string, Uint8Array>): string {
  let hash = 0xcbf29ce484222325n;
  const add = (bytes: Uint8Array): void => {
    let low = Number(hash & 0xffffffffn);
    let high = Number(hash >> 32n);
    for (const byte of bytes) {
      // hash = (hash ^ byte) · 0x100000001b3 mod 2^64, in two 32-bit halves since BigInt per byte is slow.
      low = (low ^ byte) >>> 0;
      const product = low * 0x1b3;
      high = (Math.imul(high, 0x1b3) + Math.floor(product / 0x100000000) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
    hash = (BigInt(high) << 32n) | BigInt(low);
  };
  for (const path of [...contents.keys()].sort()) {
    const bytes = contents.get(path) ?? new Uint8Array();
    add(new TextEncoder().encode(`${path}\0${bytes.byteLength}\0`));
    add(bytes);
  }
  return `memory-${hash.toString(16).padStart(16, "0")}`;
}
