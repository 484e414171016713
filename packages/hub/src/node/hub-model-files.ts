import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import {
  InvalidArgumentError,
  ModelFileError,
  type ByteSource,
  type ModelFiles,
  type OnProgress,
  type OpenOptions,
  type ReadOptions,
} from "@smolvlm/contracts";
import { isOutage, OfflineError, StorageError } from "../errors.js";
import { isRevision } from "../model-reference.js";
import { checkRelativePath } from "../relative-path.js";
import type { HttpClient } from "../remote/http-client.js";
import { fileAddress, isCommit, listRepository, resolveCommit, type RepositoryFile } from "../remote/hub-repository.js";
import { downloadBlob, isComplete, partialBytes } from "./download-blob.js";
import { downloadProgress } from "../remote/download-progress.js";
import { fileByteSource } from "./file-byte-source.js";
import { listFolder } from "./folder-model-files.js";
import { hubCache, type HubCache } from "./hub-cache.js";
import type { HubSettings } from "./hub-settings.js";
import { inParallel } from "../in-parallel.js";

/** Files downloaded at the same time; more gains nothing on one line and makes a server's limits likelier. */
const MAX_PARALLEL = 4;
/** Milliseconds for which the Hub may be silent when a copy is at hand: as long as Python waits. */
const MAX_PATIENCE = 10_000;

/** What a repository is opened with. */
export interface RepositoryRequest {
  readonly repository: string;
  readonly revision: string;
  readonly settings: HubSettings;
  readonly client: HttpClient;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A repository of the Hub as `ModelFiles`, pinned to one commit. What the cache has is never asked for again; with a full commit
 * hash, or offline, opening makes no request at all; with a branch or tag it makes one, to learn the commit, and uses the commit
 * last known when the server cannot be reached.
 */
export async function hubModelFiles(init: RepositoryRequest): Promise<ModelFiles> {
  if (!isRevision(init.revision)) {
    throw new InvalidArgumentError({ argument: "revision", expected: "a branch, tag or commit", found: init.revision });
  }
  const cache = hubCache(init.settings.cacheDir, init.repository);
  const { commit, isReachable } = await pin(init, cache);
  if (init.settings.offline && !(await cache.hasSnapshot(commit))) {
    throw notCached(`${init.repository}@${init.revision}`, init.settings);
  }
  return new HubModelFiles(init, cache, commit, isReachable);
}

/** The commit of the revision, and whether the Hub can be asked for more. */
async function pin(
  { repository, revision, settings, client, signal }: RepositoryRequest,
  cache: HubCache,
): Promise<{ readonly commit: string; readonly isReachable: boolean }> {
  if (isCommit(revision)) return { commit: revision, isReachable: true };
  const known = await cache.readRef(revision);
  if (settings.offline) {
    if (known !== undefined) return { commit: known, isReachable: false };
    throw notCached(`${repository}@${revision}`, settings);
  }
  try {
    const patience =
      known === undefined ? client : { ...client, retries: 0, timeout: Math.min(client.timeout, MAX_PATIENCE) };
    const commit = await resolveCommit(patience, { endpoint: settings.endpoint, repository }, revision, signal);
    return { commit, isReachable: true };
  } catch (cause) {
    signal?.throwIfAborted();
    if (known === undefined || !isOutage(cause)) throw cause;
    return { commit: known, isReachable: false };
  }
}

class HubModelFiles implements ModelFiles {
  readonly id: string;
  /** The listing of the commit, once known. */
  private listing: ReadonlyMap<string, RepositoryFile> | undefined;

  constructor(
    private readonly init: RepositoryRequest,
    private readonly cache: HubCache,
    readonly revision: string,
    private isReachable: boolean,
  ) {
    this.id = `${init.repository}@${init.revision}`;
  }

  async list(options?: ReadOptions): Promise<readonly string[]> {
    const listing = await this.repositoryFiles(options?.signal);
    if (listing) return [...listing.keys()].sort();
    const files = await listFolder(this.cache.snapshotFolder(this.revision), this.id, options ?? {});
    return files.map((file) => file.path);
  }

  async open(path: string, options?: OpenOptions): Promise<ByteSource | undefined> {
    const found = await this.locate(path, options?.signal);
    if (found === "cached") return this.openCached(path);
    if (found === "absent") return undefined;
    await this.download([found], options);
    return this.openCached(path);
  }

  async prefetch(paths: readonly string[], options?: OpenOptions): Promise<void> {
    const missing: RepositoryFile[] = [];
    for (const path of new Set(paths)) {
      const found = await this.locate(path, options?.signal);
      if (typeof found === "object") missing.push(found);
    }
    await this.download(missing, options);
  }

  private async openCached(path: string): Promise<ByteSource> {
    const cached = await this.cache.find(this.revision, path);
    if (!cached) throw new ModelFileError(path, "was removed from the cache while it was being opened.");
    return fileByteSource(cached.path, path);
  }

  /** Whether a file is in the cache, does not exist, or else what to download. */
  private async locate(path: string, signal: AbortSignal | undefined): Promise<"cached" | "absent" | RepositoryFile> {
    signal?.throwIfAborted();
    checkRelativePath(path);
    const cached = await this.cache.find(this.revision, path);
    const known = (await this.localListing())?.get(path);
    if (cached && (!known || known.size === cached.size)) return "cached";
    if (!cached && (await this.cache.isKnownAbsent(this.revision, path))) return "absent";
    const file = (await this.repositoryFiles(signal))?.get(path);
    if (!file) return "absent";
    if (this.init.settings.offline) throw notCached(`${path} of ${this.id}`, this.init.settings);
    return file;
  }

  private async localListing(): Promise<ReadonlyMap<string, RepositoryFile> | undefined> {
    if (!this.listing) {
      const files = await this.cache.readListing(this.revision);
      this.listing = files && new Map(files.map((file) => [file.path, file]));
    }
    return this.listing;
  }

  /**
   * The listing, fetched if need be. Undefined where the Hub cannot be asked but a snapshot is at hand: older versions of Python's
   * library keep no listing, and what such a snapshot lacks is taken not to exist.
   */
  private async repositoryFiles(
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, RepositoryFile> | undefined> {
    const local = await this.localListing();
    const { settings, client, repository } = this.init;
    if (local || settings.offline || !this.isReachable) return local;
    try {
      const files = await listRepository(client, { endpoint: settings.endpoint, repository }, this.revision, signal);
      await this.cache.writeListing(this.revision, files);
      this.listing = new Map(files.map((file) => [file.path, file]));
    } catch (cause) {
      signal?.throwIfAborted();
      if (!isOutage(cause) || !(await this.cache.hasSnapshot(this.revision))) throw cause;
      this.isReachable = false;
    }
    return this.listing;
  }

  private async download(files: readonly RepositoryFile[], options: OpenOptions | undefined): Promise<void> {
    const { settings, client, repository, revision } = this.init;
    const pending: RepositoryFile[] = [];
    for (const file of files) {
      if (!(await isComplete({ path: this.cache.blobPath(file.blob), size: file.size }))) pending.push(file);
    }
    if (pending.length > 0) {
      await this.checkSpace(pending);
      const total = pending.reduce((sum, file) => sum + file.size, 0);
      const progress = downloadProgress(options?.onProgress ?? this.init.onProgress, total);
      await inParallel(MAX_PARALLEL, pending, options?.signal, (file, signal) =>
        downloadBlob(client, {
          url: fileAddress({ endpoint: settings.endpoint, repository }, this.revision, file.path),
          name: file.path,
          size: file.size,
          path: this.cache.blobPath(file.blob),
          hash: file.blob,
          lock: this.cache.lockPath(file.blob),
          onBytes: (count) => progress.add(file.path, count),
          signal,
        }),
      );
    }
    for (const file of files) await this.cache.link(this.revision, file);
    if (files.length > 0) await this.cache.writeRef(revision, this.revision);
  }

  /** Better now than after an hour of downloading. */
  private async checkSpace(files: readonly RepositoryFile[]): Promise<void> {
    const { cacheDir } = this.init.settings;
    let needed = 0;
    for (const { blob, size } of files) needed += Math.max(0, size - (await partialBytes(this.cache.blobPath(blob))));
    const free = await freeBytes(cacheDir);
    if (free !== undefined && free < needed) {
      const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
      const problem = `${megabytes(needed)} are needed and ${megabytes(free)} free; free some space or set HF_HOME to a folder on another disk.`;
      throw new StorageError(cacheDir, problem);
    }
  }
}

/** Free bytes on the disk of a folder that need not exist yet; undefined where the system does not tell. */
async function freeBytes(folder: string): Promise<number | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  if (found) return found.bavail * found.bsize;
  return dirname(folder) === folder ? undefined : freeBytes(dirname(folder));
}

function notCached(what: string, settings: HubSettings): OfflineError {
  return new OfflineError(
    `${what} is not in the cache (${settings.cacheDir}) and requests are switched off; ` +
      "unset HF_HUB_OFFLINE (or the offline option) once to download it.",
  );
}
