import type { ModelFiles } from "@smolvlm/contracts";
import { fingerprint } from "./fingerprint.js";
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
    revision: `memory-${fingerprint(contentOf(contents))}`,
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

/** Names and contents, each name with the length of what follows it. */
function* contentOf(contents: ReadonlyMap<string, Uint8Array>): Generator<Uint8Array | string> {
  for (const path of [...contents.keys()].sort()) {
    const bytes = contents.get(path) ?? new Uint8Array();
    yield `${path}\0${bytes.byteLength}\0`;
    yield bytes;
  }
}
