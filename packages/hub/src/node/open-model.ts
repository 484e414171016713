import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError, ModelFileError, type ModelFiles, type OnProgress } from "@smolvlm/contracts";
import { RepositoryNotFoundError } from "../errors.js";
import { parseModelReference } from "../model-reference.js";
import { makeClient } from "../remote/make-client.js";
import { fileProblem } from "./file-problem.js";
import { folderModelFiles } from "./folder-model-files.js";
import { hubModelFiles } from "./hub-model-files.js";
import { expandHome, hubSettings, type HubOptions } from "./hub-settings.js";
import { smolvlmCacheDir } from "./smolvlm-cache-dir.js";
import { urlModelFiles } from "./url-model-files.js";

/** Options of `openModel`. */
export interface OpenModelOptions extends HubOptions {
  /** Branch, tag or commit; `main` when neither this nor the reference says. Not for folders and plain addresses. */
  readonly revision?: string | undefined;
  /** Called for downloads that are not given an `onProgress` of their own. */
  readonly onProgress?: OnProgress | undefined;
  /** Stops the opening; what is downloaded later takes its own signal. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a model: a folder (absolute, relative, `~/…` or a `file:` URL), a repository of the Hub (`org/name`, `org/name@revision`,
 * its web address), or an http(s) address of a folder of files. A name such as `models/mine` is the folder if there is one, as in
 * Python. Nothing is downloaded before `open` or `prefetch` asks for it, apart from the commit of a branch.
 *
 * @throws InvalidArgumentError for what is no model reference, ModelFileError for a folder that cannot be read,
 *   RepositoryNotFoundError, RevisionNotFoundError, AccessDeniedError, NetworkError or OfflineError for repositories.
 */
export async function openModel(reference: string | URL, options: OpenModelOptions = {}): Promise<ModelFiles> {
  const { signal, onProgress, revision } = options;
  signal?.throwIfAborted();
  const text = String(reference).trim();
  const folder = await existingFolder(text);
  if (folder !== undefined) return folderModelFiles(folder, { signal });

  const settings = await hubSettings(options, process.env);
  // Looked up at each call, so that a program may replace the global later.
  const fetching: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
  const client = makeClient({ ...options, ...settings, fetch: fetching });
  const parsed = parseModelReference(text, settings.endpoint);
  switch (parsed.kind) {
    case "folder": {
      const path = expandHome(parsed.path);
      // Not a folder, or it would have been opened above: this names the reason.
      throw new ModelFileError(parsed.path, await whyNotAFolder(path));
    }
    case "url":
      return urlModelFiles({
        url: parsed.url,
        client,
        offline: settings.offline,
        cacheDir: options.cacheDir ?? smolvlmCacheDir(),
        onProgress,
        signal,
      });
    case "repository": {
      if (revision !== undefined && parsed.revision !== undefined && revision !== parsed.revision) {
        const found = `${JSON.stringify(revision)} beside ${JSON.stringify(parsed.revision)} in the reference`;
        throw new InvalidArgumentError({ argument: "revision", expected: "one revision", found });
      }
      const init = { repository: parsed.repository, revision: revision ?? parsed.revision ?? "main" };
      try {
        return await hubModelFiles({ ...init, settings, client, onProgress, signal });
      } catch (cause) {
        if (!RepositoryNotFoundError.isInstance(cause) || text.includes("://")) throw cause;
        const message = `${cause.message} There is also no folder ${JSON.stringify(text)} here.`;
        const { url, status, requestId } = cause;
        throw new RepositoryNotFoundError({ message, url, status, requestId }, { cause });
      }
    }
  }
}

async function existingFolder(text: string): Promise<string | undefined> {
  if (text === "" || /^(https?|hf):/i.test(text)) return undefined;
  const path = /^file:/i.test(text) ? fileURLToPath(text) : expandHome(text);
  return (await stat(path).catch(() => undefined))?.isDirectory() ? path : undefined;
}

async function whyNotAFolder(path: string): Promise<string> {
  try {
    await stat(path);
    return "is a file; give the folder that contains it.";
  } catch (cause) {
    return `this folder ${fileProblem(cause)}`;
  }
}
