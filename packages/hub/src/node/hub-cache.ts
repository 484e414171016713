import { randomUUID } from "node:crypto";
import { copyFile, lstat, mkdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { isCommit, repositoryFile, type RepositoryFile } from "../remote/hub-repository.js";

/** Largest listing that is read back; a listing of 100000 files has some 20 MB. */
const MAX_LISTING_BYTES = 64 * 2 ** 20;
/** Python's version number of the listing files. */
const LISTING_VERSION = 1;

/**
 * One repository in the cache that Python's `huggingface_hub` uses too:
 * `models--org--name/` with `blobs/<hash>`, `snapshots/<commit>/<path>` (links into `blobs`), `refs/<revision>` (a commit),
 * `.no_exist/<commit>/<path>` (known not to exist) and `trees/<commit>.json` (listings);
 * see https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
 */
export interface HubCache {
  /** Where a blob is or goes. */
  blobPath(blob: string): string;
  /** Where the lock for downloading a blob goes; beside Python's, which are of another kind. */
  lockPath(blob: string): string;
  snapshotFolder(commit: string): string;
  hasSnapshot(commit: string): Promise<boolean>;
  /** The absolute path and length of a file of a snapshot, if it is there. */
  find(commit: string, path: string): Promise<{ readonly path: string; readonly size: number } | undefined>;
  /** Whether Python noted that the repository has no such file. */
  isKnownAbsent(commit: string, path: string): Promise<boolean>;
  /** Makes a downloaded blob appear in the snapshot. */
  link(commit: string, file: RepositoryFile): Promise<void>;
  readRef(revision: string): Promise<string | undefined>;
  /** Notes which commit a branch or tag was; does nothing where the cache is read-only. */
  writeRef(revision: string, commit: string): Promise<void>;
  readListing(commit: string): Promise<readonly RepositoryFile[] | undefined>;
  /** Keeps a listing; does nothing where the cache is read-only. */
  writeListing(commit: string, files: readonly RepositoryFile[]): Promise<void>;
}

/** The cache of `repository` in `cacheDir`. Nothing is created before something is written. */
export function hubCache(cacheDir: string, repository: string): HubCache {
  const folderName = ["models", ...repository.split("/")].join("--");
  const root = join(cacheDir, folderName);
  const blobPath = (blob: string): string => join(root, "blobs", blob);
  const snapshotFolder = (commit: string): string => join(root, "snapshots", commit);
  const listingPath = (commit: string): string => join(root, "trees", `${commit}.json`);
  return {
    blobPath,
    snapshotFolder,
    lockPath: (blob) => join(cacheDir, ".locks", folderName, `${blob}.smolvlm.lock`),
    async hasSnapshot(commit) {
      return (await stat(snapshotFolder(commit)).catch(() => undefined))?.isDirectory() ?? false;
    },
    async find(commit, path) {
      const absolute = join(snapshotFolder(commit), path);
      const found = await stat(absolute).catch(() => undefined);
      return found?.isFile() ? { path: absolute, size: found.size } : undefined;
    },
    async isKnownAbsent(commit, path) {
      return (await stat(join(root, ".no_exist", commit, path)).catch(() => undefined)) !== undefined;
    },
    link: (commit, file) => linkOrCopy(blobPath(file.blob), join(snapshotFolder(commit), file.path)),
    async readRef(revision) {
      const text = await readFile(join(root, "refs", revision), "utf8").catch(() => "");
      return isCommit(text.trim()) ? text.trim() : undefined;
    },
    async writeRef(revision, commit) {
      if (isCommit(revision)) return;
      await writeWhole(join(root, "refs", revision), commit).catch(() => undefined);
    },
    async readListing(commit) {
      const path = listingPath(commit);
      const found = await stat(path).catch(() => undefined);
      if (!found || found.size > MAX_LISTING_BYTES) return undefined;
      return parseListing(await readFile(path, "utf8").catch(() => ""));
    },
    async writeListing(commit, files) {
      await writeWhole(listingPath(commit), formatListing(files)).catch(() => undefined);
    },
  };
}

/** A relative link, as Python makes; where links are not allowed (Windows without developer mode) a copy. */
async function linkOrCopy(blob: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (await lstat(path).catch(() => undefined)) {
    const [linked, wanted] = await Promise.all([realpath(path).catch(() => ""), realpath(blob)]);
    if (linked === wanted) return;
  }
  const temporary = `${path}.${randomUUID().slice(0, 8)}.incomplete`;
  try {
    await symlink(relative(dirname(path), blob), temporary).catch(() => copyFile(blob, temporary));
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) return;
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function formatListing(files: readonly RepositoryFile[]): string {
  const entries = [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, size, blob, gitBlob, xetHash }) => {
      const large = blob === gitBlob ? {} : { lfs_sha256: blob, lfs_size: size };
      return [
        path,
        { size, blob_id: gitBlob, ...large, ...(xetHash === undefined ? {} : { xet_hash: xetHash }) },
      ] as const;
    });
  return JSON.stringify({ format_version: LISTING_VERSION, files: Object.fromEntries(entries) }, null, 1);
}

/** A listing from disk; undefined for one of another version or a damaged one, which is then fetched again. */
function parseListing(text: string): readonly RepositoryFile[] | undefined {
  try {
    const json = JSON.parse(text) as { format_version?: unknown; files?: unknown };
    if (json.format_version !== LISTING_VERSION || typeof json.files !== "object" || json.files === null)
      return undefined;
    return Object.entries(json.files as Record<string, Record<string, unknown>>).flatMap(([path, entry]) => {
      const { size, blob_id: gitBlob, lfs_sha256: sha256, lfs_size: lfsSize, xet_hash: xetHash } = entry;
      return repositoryFile({ path, size: lfsSize ?? size, gitBlob, sha256: sha256 ?? undefined, xetHash }) ?? [];
    });
  } catch {
    return undefined;
  }
}
