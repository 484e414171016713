import type { ModelFiles, OnProgress } from "@smolvlm/contracts";
import { HubError, isOutage, OfflineError } from "../errors.js";
import { fingerprint } from "../fingerprint.js";
import type { HttpClient } from "../remote/http-client.js";
import { folderFileAddress, headFile, isKnownFile, probeFolder, type FolderFile } from "../remote/served-folder.js";
import type { ModelStorage } from "./model-storage.js";
import { remoteModelFiles, type ServedFile } from "./remote-model-files.js";

/** What a folder on a server is opened with. */
export interface UrlRequest {
  /** Ends in a slash. */
  readonly url: string;
  readonly client: HttpClient;
  readonly storage: ModelStorage;
  readonly offline: boolean;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A folder of files on any http(s) server. Opening asks for length and version of each file that a checkpoint may have, or takes what
 * was said last when the server cannot be reached; the files are kept by version.
 *
 * @throws HubError when no file of a model is there, or the server does not tell enough; OfflineError when it was never asked before.
 */
export async function urlModelFiles(init: UrlRequest): Promise<ModelFiles> {
  const { url, client, storage, offline, onProgress } = init;
  const found = await probe(init);
  if (found.size === 0) {
    throw new HubError({ message: `${url}: no file of a model is there, such as config.json.`, url });
  }
  const files = new Map([...found].map(([path, file]) => [path, served(url, path, file)]));
  const versions = [...files.values()].map(({ path, version }) => `${path}\0${version}\0`).sort();
  return remoteModelFiles({
    id: url,
    revision: `url-${fingerprint([`${url}\0`, ...versions])}`,
    client,
    storage,
    offline,
    onProgress,
    files,
    async look(path, signal) {
      if (offline || isKnownFile(path)) return undefined;
      const file = await headFile(client, url, path, signal);
      if (!file) return undefined;
      files.set(path, served(url, path, file));
      // Shards have names of their own; without them the model would not be whole offline.
      await storage.remember(url, [...files.values()]);
      return files.get(path);
    },
  });
}

function served(folder: string, path: string, { size, validator }: FolderFile): ServedFile {
  return {
    path,
    size,
    validator,
    version: fingerprint([`${size}\0${validator}`]),
    url: folderFileAddress(folder, path),
  };
}

async function probe({ url, client, storage, offline, signal }: UrlRequest): Promise<Map<string, FolderFile>> {
  const last = foldersFiles(await storage.recall(url));
  if (offline) {
    return last ?? Promise.reject(new OfflineError(`${url} was never opened before, and requests are switched off.`));
  }
  try {
    const found = await probeFolder(client, url, signal);
    // Those named by an index are known only from having been looked for.
    const others = [...(last ?? [])].filter(([path]) => !isKnownFile(path));
    await storage.remember(
      url,
      [...new Map([...others, ...found])].map(([path, file]) => ({ path, ...file })),
    );
    return found;
  } catch (cause) {
    signal?.throwIfAborted();
    if (!last || !isOutage(cause)) throw cause;
    return last;
  }
}

function foldersFiles(known: unknown): Map<string, FolderFile> | undefined {
  if (!Array.isArray(known)) return undefined;
  const files = (known as readonly Partial<ServedFile>[]).flatMap(({ path, size, validator }) =>
    typeof path === "string" && Number.isSafeInteger(size) && typeof validator === "string"
      ? [[path, { size: size as number, validator }] as const]
      : [],
  );
  return new Map(files);
}
