import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  ModelFileError,
  type ByteSource,
  type ModelFiles,
  type OnProgress,
  type OpenOptions,
} from "@smolvlm/contracts";
import { HubError, NetworkError, OfflineError } from "../errors.js";
import { checkRelativePath } from "../relative-path.js";
import type { HttpClient } from "../remote/http-client.js";
import { folderFileAddress, headFile, isKnownFile, probeFolder, type FolderFile } from "../remote/served-folder.js";
import { downloadBlob, isComplete } from "./download-blob.js";
import { downloadProgress } from "../remote/download-progress.js";
import { fileByteSource } from "./file-byte-source.js";
import { inParallel } from "../in-parallel.js";

/** Requests at the same time. */
const MAX_PARALLEL = 4;

type Remote = Map<string, FolderFile>;

/** What a folder on a server is opened with. */
export interface UrlRequest {
  /** Ends in a slash. */
  readonly url: string;
  readonly client: HttpClient;
  readonly offline: boolean;
  /** Folder for downloads; see `smolvlmCacheDir`. */
  readonly cacheDir: string;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A folder of files on any http(s) server as `ModelFiles`. Opening asks for length and version of each file that a checkpoint may
 * have; files are downloaded when opened and kept by version, so that a change on the server is seen at the next opening. Such
 * servers give no hashes: the length is all that is checked.
 *
 * @throws HubError for a server that tells neither length nor version of a file; NetworkError or OfflineError when it cannot be
 *   asked and was never asked before.
 */
export async function urlModelFiles(init: UrlRequest): Promise<ModelFiles> {
  const folder = join(init.cacheDir, "downloads", digest(init.url));
  const remote = await probe(init, join(folder, "files.json"));
  if (remote.size === 0)
    throw new HubError({ message: `${init.url}: no file of a model is there, such as config.json.`, url: init.url });
  const versions = [...remote].map(([path, file]) => `${path}\0${file.size}\0${file.validator}`);

  async function look(path: string, signal: AbortSignal | undefined): Promise<FolderFile | undefined> {
    checkRelativePath(path);
    if (!remote.has(path) && !isKnownFile(path) && !init.offline) {
      const file = await headFile(init.client, init.url, path, signal);
      if (file) remote.set(path, file);
    }
    return remote.get(path);
  }
  const local = (path: string, file: FolderFile): string =>
    join(folder, digest(`${path}\0${file.size}\0${file.validator}`));

  async function fetchAll(paths: readonly string[], options: OpenOptions | undefined): Promise<void> {
    const missing: { readonly path: string; readonly file: FolderFile }[] = [];
    for (const path of new Set(paths)) {
      const file = await look(path, options?.signal);
      if (file && !(await isComplete({ path: local(path, file), size: file.size }))) missing.push({ path, file });
    }
    if (missing.length === 0) return;
    if (init.offline)
      throw new OfflineError(
        `${init.url}: not downloaded yet, and requests are switched off; unset HF_HUB_OFFLINE once.`,
      );
    const total = missing.reduce((sum, { file }) => sum + file.size, 0);
    const progress = downloadProgress(options?.onProgress ?? init.onProgress, total);
    await inParallel(MAX_PARALLEL, missing, options?.signal, ({ path, file }, signal) =>
      downloadBlob(init.client, {
        url: folderFileAddress(init.url, path),
        name: path,
        size: file.size,
        validator: file.validator,
        path: local(path, file),
        hash: undefined,
        lock: `${local(path, file)}.lock`,
        onBytes: (count) => progress.add(path, count),
        signal,
      }),
    );
  }

  return {
    id: init.url,
    revision: `url-${digest([init.url, ...versions.sort()].join("\n"))}`,
    async list(options) {
      options?.signal?.throwIfAborted();
      return [...remote.keys()].sort();
    },
    async open(path, options): Promise<ByteSource | undefined> {
      options?.signal?.throwIfAborted();
      const file = await look(path, options?.signal);
      if (!file) return undefined;
      await fetchAll([path], options);
      return fileByteSource(local(path, file), path);
    },
    prefetch: fetchAll,
  };
}

/** Asks about all known files; when the server cannot be asked, what it said last time. */
async function probe(init: UrlRequest, memory: string): Promise<Remote> {
  try {
    if (init.offline) throw new OfflineError(`${init.url} was never opened before, and requests are switched off.`);
    const remote = await probeFolder(init.client, init.url, init.signal);
    await remember(memory, remote).catch(() => undefined);
    return remote;
  } catch (cause) {
    init.signal?.throwIfAborted();
    const last = OfflineError.isInstance(cause) || NetworkError.isInstance(cause) ? await recall(memory) : undefined;
    if (last) return last;
    throw cause;
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}

async function remember(path: string, remote: Remote): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, JSON.stringify(Object.fromEntries(remote)));
  await rename(temporary, path);
}

async function recall(path: string): Promise<Remote | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, FolderFile>));
  } catch (cause) {
    throw new ModelFileError(path, "is damaged; delete it.", { cause });
  }
}
