import { HubError, NetworkError, RepositoryNotFoundError } from "../errors.js";
import { checkRelativePath } from "../relative-path.js";
import { request, type HttpClient } from "./http-client.js";

/** One file of a repository at one commit. */
export interface RepositoryFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Name in the cache and hash of the content: SHA-256 (64 hex digits) for large files, git's blob SHA-1 (40) for the others. */
  readonly blob: string;
  /** Git's blob SHA-1 of the file, or of the pointer that stands for a large one. */
  readonly gitBlob: string;
  /** Hash of the Xet store, kept for Python's listing cache. */
  readonly xetHash?: string | undefined;
}

/** Which repository, where. */
export interface RepositoryAddress {
  /** `https://huggingface.co`, without a slash at the end. */
  readonly endpoint: string;
  /** `org/name`. */
  readonly repository: string;
}

/** Largest answer of the API that is read: a listing page has at most 1000 entries of some hundred bytes. */
const MAX_API_BYTES = 32 * 2 ** 20;
/** Most files of a listing; a checkpoint has dozens. */
const MAX_FILES = 100_000;
/** Most pages of a listing; a server could go on for ever, with empty ones too. */
const MAX_PAGES = 200;

/**
 * The commit that a branch or tag points at.
 *
 * @throws RepositoryNotFoundError, RevisionNotFoundError, AccessDeniedError, NetworkError or another HubError.
 */
export async function resolveCommit(
  client: HttpClient,
  { endpoint, repository }: RepositoryAddress,
  revision: string,
  signal?: AbortSignal,
): Promise<string> {
  // Two plain requests take the place of the Hub's own library, whose modules for Node end up in what bundlers make for a page.
  const url = `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?expand=sha`;
  const { json } = await askHub(client, endpoint, url, signal);
  const sha = isRecord(json) ? json["sha"] : undefined;
  if (typeof sha !== "string" || !isCommit(sha)) throw notTheHub(endpoint);
  return sha;
}

/**
 * All files of a repository at a commit.
 *
 * @throws the errors of `resolveCommit`.
 */
export async function listRepository(
  client: HttpClient,
  { endpoint, repository }: RepositoryAddress,
  commit: string,
  signal?: AbortSignal,
): Promise<readonly RepositoryFile[]> {
  const files: RepositoryFile[] = [];
  let url: string | undefined = `${endpoint}/api/models/${repository}/tree/${commit}?recursive=true`;
  for (let page = 0; url !== undefined; page++) {
    if (page >= MAX_PAGES) throw notTheHub(endpoint);
    const { json, headers } = await askHub(client, endpoint, url, signal);
    if (!Array.isArray(json)) throw notTheHub(endpoint);
    for (const entry of json as readonly unknown[]) {
      const file = isRecord(entry) && entry["type"] === "file" ? listedFile(entry) : undefined;
      if (file) files.push(file);
    }
    if (files.length > MAX_FILES) throw notTheHub(endpoint);
    url = /<([^>]+)>;\s*rel="next"/.exec(headers.get("link") ?? "")?.[1];
    if (url !== undefined && !/^https?:\/\//.test(url)) throw notTheHub(endpoint);
  }
  return files;
}

function listedFile({ path, size, oid, lfs, xetHash }: Readonly<Record<string, unknown>>): RepositoryFile | undefined {
  const large = isRecord(lfs) ? lfs : undefined;
  return repositoryFile({ path, size: large?.["size"] ?? size, gitBlob: oid, sha256: large?.["oid"], xetHash });
}

/** Address of a file's bytes; the commit makes it immutable. */
export function fileAddress({ endpoint, repository }: RepositoryAddress, commit: string, path: string): string {
  return `${endpoint}/${repository}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** Whether a revision is a full commit hash, which needs no resolving. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/**
 * A listing's entry, checked: hashes become file names in the cache, so they must be hashes. Undefined for entries that cannot be a
 * file of a checkpoint, among them paths that no safe local path exists for.
 *
 * @internal
 */
export function repositoryFile(entry: {
  path: unknown;
  size: unknown;
  gitBlob: unknown;
  sha256: unknown;
  xetHash: unknown;
}): RepositoryFile | undefined {
  const { path, size, gitBlob, sha256, xetHash } = entry;
  if (typeof path !== "string" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined;
  if (typeof gitBlob !== "string" || !isCommit(gitBlob)) return undefined;
  if (sha256 !== undefined && !isSha256(sha256)) return undefined;
  try {
    checkRelativePath(path);
  } catch {
    return undefined;
  }
  return { path, size, blob: sha256 ?? gitBlob, gitBlob, ...(isSha256(xetHash) ? { xetHash } : {}) };
}

function isSha256(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** An answer of the Hub's API, read whole, bounded, and again when it breaks off. */
async function askHub(
  client: HttpClient,
  endpoint: string,
  url: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly json: unknown; readonly headers: Headers }> {
  for (let attempt = 0; ; attempt++) {
    const response = await request(client, url, { headers: { Accept: "application/json" }, signal }).catch(explain);
    try {
      const text = await readBounded(url, response.body());
      return { json: JSON.parse(text) as unknown, headers: response.headers };
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof SyntaxError) throw notTheHub(endpoint, cause);
      if (!NetworkError.isInstance(cause) || attempt >= client.retries) throw cause;
    } finally {
      response.close();
    }
  }
}

/** Mirrors leave out the Hub's error codes; the name tells an error without one from its subclasses. */
function explain(cause: unknown): never {
  if (HubError.isInstance(cause) && cause.status === 404 && cause.name === HubError.errorName) {
    throw new RepositoryNotFoundError({ message: cause.message, url: cause.url, status: 404 }, { cause });
  }
  throw cause;
}

async function readBounded(url: string, body: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > MAX_API_BYTES) {
      throw new HubError({ message: `${url}: the answer is longer than ${MAX_API_BYTES} bytes.`, url, status: 200 });
    }
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notTheHub(endpoint: string, cause?: unknown): HubError {
  const message = `${endpoint} does not answer as the Hugging Face Hub does. Check HF_ENDPOINT, and whether a login page or proxy is in between.`;
  return new HubError({ message, url: endpoint }, { cause });
}
