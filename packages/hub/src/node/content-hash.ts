import { createHash } from "node:crypto";

/** A hash that is fed in order. */
export interface ContentHash {
  update(bytes: Uint8Array): void;
  /** Hex digits; undefined where there is nothing to compare with. */
  digest(): string | undefined;
}

/**
 * The hash that a blob is named by: SHA-256 for names of 64 digits (large files), git's SHA-1 of `blob <size>\0` and the content for
 * names of 40 (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects).
 *
 * @param blob - the name, or undefined when no hash is known: then nothing is computed.
 * @param size - bytes of the whole content, which git hashes first.
 */
export function contentHash(blob: string | undefined, size: number): ContentHash {
  if (blob === undefined) return { update: () => undefined, digest: () => undefined };
  const hash = createHash(blob.length === 64 ? "sha256" : "sha1");
  if (blob.length !== 64) hash.update(`blob ${size}\0`);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}
