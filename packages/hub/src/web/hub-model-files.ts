import { InvalidArgumentError, type ModelFiles, type OnProgress } from "@smolvlm/contracts";
import { isOutage, OfflineError } from "../errors.js";
import { isRevision } from "../model-reference.js";
import type { HttpClient } from "../remote/http-client.js";
import {
  fileAddress,
  isCommit,
  listRepository,
  repositoryFile,
  resolveCommit,
  type RepositoryFile,
} from "../remote/hub-repository.js";
import type { ModelStorage } from "./model-storage.js";
import { remoteModelFiles } from "./remote-model-files.js";

/** Entry of the listing among what is kept of a commit. */
const LISTING = "listing.json";
/** Milliseconds for which the Hub may be silent when a copy is at hand. */
const MAX_PATIENCE = 10_000;

/** What a repository is opened with. */
export interface HubRequest {
  readonly repository: string;
  readonly revision: string;
  readonly endpoint: string;
  readonly client: HttpClient;
  readonly storage: ModelStorage;
  readonly offline: boolean;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A repository of the Hub, pinned to one commit. A branch costs a request, to learn its commit, and the commit last known is used when
 * the Hub cannot be reached; what is stored is never asked for again.
 */
export async function hubModelFiles(init: HubRequest): Promise<ModelFiles> {
  const { repository, revision, endpoint, client, storage, offline, onProgress } = init;
  if (!isRevision(revision)) {
    throw new InvalidArgumentError({ argument: "revision", expected: "a branch, tag or commit", found: revision });
  }
  const commit = isCommit(revision) ? revision : await pin(init);
  const files = new Map(
    (await listing(init, commit)).map(({ path, size, blob }) => {
      const url = fileAddress({ endpoint, repository }, commit, path);
      return [path, { path, size, version: blob.slice(0, 16), url }] as const;
    }),
  );
  return remoteModelFiles({
    id: `${repository}@${revision}`,
    revision: commit,
    client,
    storage,
    offline,
    onProgress,
    files,
  });
}

async function pin({ repository, revision, endpoint, client, storage, offline, signal }: HubRequest): Promise<string> {
  const reference = `${endpoint}/${repository}@${revision}`;
  const known = await storage.recall(reference);
  const last = typeof known === "string" && isCommit(known) ? known : undefined;
  if (offline) return last ?? Promise.reject(notStored(`${repository}@${revision}`));
  try {
    const patience =
      last === undefined ? client : { ...client, retries: 0, timeout: Math.min(client.timeout, MAX_PATIENCE) };
    const commit = await resolveCommit(patience, { endpoint, repository }, revision, signal);
    await storage.remember(reference, commit);
    return commit;
  } catch (cause) {
    signal?.throwIfAborted();
    if (last === undefined || !isOutage(cause)) throw cause;
    return last;
  }
}

async function listing(
  { repository, endpoint, client, storage, offline, revision, signal }: HubRequest,
  commit: string,
): Promise<readonly RepositoryFile[]> {
  const kept = parseListing(await storage.readText(commit, LISTING));
  if (kept) return kept;
  if (offline) throw notStored(`${repository}@${revision}`);
  const files = await listRepository(client, { endpoint, repository }, commit, signal);
  await storage.writeText(commit, LISTING, JSON.stringify(files));
  return files;
}

function parseListing(text: string | undefined): readonly RepositoryFile[] | undefined {
  try {
    const entries: unknown = JSON.parse(text ?? "null");
    if (!Array.isArray(entries)) return undefined;
    const files = (entries as RepositoryFile[]).map(({ path, size, blob, gitBlob }) =>
      repositoryFile({ path, size, gitBlob, sha256: blob === gitBlob ? undefined : blob, xetHash: undefined }),
    );
    return files.every((file) => file !== undefined) ? files : undefined;
  } catch {
    // Damaged: it is asked for again.
    return undefined;
  }
}

function notStored(what: string): OfflineError {
  return new OfflineError(
    `${what} is not stored in this browser and requests are switched off; load it once without \`offline\`.`,
  );
}
