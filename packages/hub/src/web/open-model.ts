import { InvalidArgumentError, type ModelFiles, type OnProgress } from "@smolvlm/contracts";
import { parseModelReference } from "../model-reference.js";
import { hubModelFiles } from "./hub-model-files.js";
import { chosenModelFiles, directoryModelFiles } from "./local-model-files.js";
import { ModelStorage } from "./model-storage.js";
import { pageStorage } from "./page-storage.js";
import { urlModelFiles } from "./url-model-files.js";
import { endpointOf, webClient, type WebRequestOptions } from "./web-settings.js";

/** Options of `openModel`. */
export interface OpenModelOptions extends WebRequestOptions {
  /** Branch, tag or commit; `main` when neither this nor the reference says. Only for repositories. */
  readonly revision?: string | undefined;
  /** Whether what is downloaded is kept in the browser, so that the next load needs no network; true when absent. */
  readonly keep?: boolean | undefined;
  /** Told once why files are not, or no longer, kept where they should be: no room, or a browser that does not let the page. */
  readonly onFallback?: ((reason: string) => void) | undefined;
  /** Called for downloads that are not given an `onProgress` of their own. */
  readonly onProgress?: OnProgress | undefined;
  /** Stops the opening; what is downloaded later takes its own signal. */
  readonly signal?: AbortSignal | undefined;
}

/** What a page can open: a name or address, or what the person in front of it has chosen from their own files. */
export type WebModelReference = string | URL | FileSystemDirectoryHandle | Iterable<File>;

/**
 * Opens a model:
 *
 * - `org/name`, `org/name@revision`, or its web address: a repository of the Hub or of `endpoint`;
 * - an http(s) address, or one relative to the page such as `./models/mine/`: a folder of files on a server;
 * - a directory handle or a list of files: a folder on the person's own disk, which is read where it is.
 *
 * Only what is read is fetched, in ranges where the server has them; what is kept already is never fetched again.
 *
 * @throws InvalidArgumentError for what is no model reference; ModelFileError for a folder that cannot be read; RepositoryNotFoundError,
 *   RevisionNotFoundError, AccessDeniedError, NetworkError, OfflineError or HubError for what is on a server.
 */
export async function openModel(reference: WebModelReference, options: OpenModelOptions = {}): Promise<ModelFiles> {
  const { signal, onProgress, revision, offline = false } = options;
  signal?.throwIfAborted();
  if (isDirectory(reference)) return directoryModelFiles(reference, { signal });
  if (typeof reference !== "string" && !(reference instanceof URL)) return chosenModelFiles(reference);

  const endpoint = endpointOf(options);
  const parsed = parseModelReference(absolute(String(reference)), endpoint);
  if (parsed.kind === "folder") {
    const expected = "org/name, org/name@revision, an http(s) address, a directory handle or a list of files";
    throw new InvalidArgumentError({ argument: "model", expected, found: parsed.path });
  }
  if (parsed.kind === "repository" && revision !== undefined && (parsed.revision ?? revision) !== revision) {
    const found = `${JSON.stringify(revision)} beside ${JSON.stringify(parsed.revision)} in the reference`;
    throw new InvalidArgumentError({ argument: "revision", expected: "one revision", found });
  }
  const kept = options.keep === false ? { store: undefined, reason: undefined } : await pageStorage();
  const init = {
    client: webClient(options),
    storage: new ModelStorage(kept, options.onFallback),
    offline,
    onProgress,
    signal,
  };
  if (parsed.kind === "url") return urlModelFiles({ ...init, url: parsed.url });
  const { repository } = parsed;
  return hubModelFiles({ ...init, endpoint, repository, revision: revision ?? parsed.revision ?? "main" });
}

/** `./a`, `../a` and `/a` are addresses to a page, which has no folders. */
function absolute(reference: string): string {
  return /^\.{0,2}\//.test(reference.trim()) ? new URL(reference.trim(), location.href).href : reference;
}

function isDirectory(reference: WebModelReference): reference is FileSystemDirectoryHandle {
  return typeof reference === "object" && "kind" in reference && reference.kind === "directory";
}
