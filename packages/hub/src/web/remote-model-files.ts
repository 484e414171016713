import type { ByteSource, ModelFiles, OnProgress, OpenOptions } from "@smolvlm/contracts";
import { inParallel } from "../in-parallel.js";
import { Lanes } from "../lanes.js";
import { checkRelativePath } from "../relative-path.js";
import { downloadProgress } from "../remote/download-progress.js";
import type { HttpClient } from "../remote/http-client.js";
import type { ModelStorage } from "./model-storage.js";
import { PIECE_BYTES } from "./piece-store.js";
import { PARALLEL_REQUESTS, RemoteFile } from "./remote-file.js";

/** A file that a server has. */
export interface ServedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Changes when the content does. */
  readonly version: string;
  readonly url: string;
  /** `ETag` or `Last-Modified` that answers must have; undefined where the address is immutable. */
  readonly validator?: string | undefined;
}

/** What a model on a server is made of. */
export interface RemoteModel {
  readonly id: string;
  readonly revision: string;
  readonly client: HttpClient;
  readonly storage: ModelStorage;
  readonly offline: boolean;
  readonly onProgress?: OnProgress | undefined;
  /** All files there are. */
  readonly files: ReadonlyMap<string, ServedFile>;
  /** Looks for a file that is not among them. */
  readonly look?: ((path: string, signal: AbortSignal | undefined) => Promise<ServedFile | undefined>) | undefined;
}

/**
 * A model on a server as `ModelFiles`. `open` fetches small files; large ones are fetched in the background while they are read, and
 * only as far as they are read where the browser keeps nothing. `prefetch` waits until all of it is there.
 */
export async function remoteModelFiles(model: RemoteModel): Promise<ModelFiles> {
  const { id, revision, client, storage, offline } = model;
  const lanes = new Lanes(PARALLEL_REQUESTS);
  const opened = new Map<string, RemoteFile>();
  await storage.describe(revision, { id });

  async function find(path: string, signal: AbortSignal | undefined): Promise<RemoteFile | undefined> {
    checkRelativePath(path);
    const known = opened.get(path);
    if (known) return known;
    const served = model.files.get(path) ?? (await model.look?.(path, signal));
    if (!served) return undefined;
    const { url, size, validator, version } = served;
    const file = new RemoteFile({
      client,
      source: { url, name: path, size, validator },
      pieces: storage.file(revision, `${path}@${version}`, size),
      lanes,
      offline,
    });
    opened.set(path, file);
    return file;
  }

  /** Fetches what is missing of some files, with one progress. */
  async function fill(files: readonly (readonly [string, RemoteFile])[], options: OpenOptions = {}): Promise<void> {
    const missing: (readonly [string, RemoteFile])[] = [];
    let total = 0;
    for (const [path, file] of files) {
      const bytes = await file.missingBytes();
      if (bytes > 0) missing.push([path, file]);
      total += bytes;
    }
    if (missing.length === 0) return;
    const progress = downloadProgress(options.onProgress ?? model.onProgress, total);
    await inParallel(PARALLEL_REQUESTS, missing, options.signal, ([path, file], signal) =>
      file.fill({ signal, onBytes: (count) => progress.add(path, count) }),
    );
  }

  return {
    id,
    revision,
    async list(options) {
      options?.signal?.throwIfAborted();
      return [...model.files.keys()].sort();
    },
    async open(path, options = {}): Promise<ByteSource | undefined> {
      options.signal?.throwIfAborted();
      const file = await find(path, options.signal);
      if (!file) return undefined;
      const filling = offline ? Promise.resolve() : fill([[path, file]], options);
      if (file.size <= PIECE_BYTES) await filling;
      // What goes wrong in the background is told to those who read what is missing.
      else filling.catch(() => undefined);
      return file;
    },
    async prefetch(paths, options = {}) {
      const files: (readonly [string, RemoteFile])[] = [];
      for (const path of new Set(paths)) {
        const file = await find(path, options.signal);
        if (file) files.push([path, file]);
      }
      options.signal?.throwIfAborted();
      await fill(files, options);
    },
  };
}
