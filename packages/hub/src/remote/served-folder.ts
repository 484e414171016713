import { HubError } from "../errors.js";
import { inParallel } from "../in-parallel.js";
import { request, type HttpClient } from "./http-client.js";

/** What a plain server is asked for, since it has no listing: the files that a SmolVLM checkpoint may have, but for shards. */
const KNOWN_FILES: readonly string[] = [
  "config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "video_preprocessor_config.json",
  "chat_template.json",
  "chat_template.jinja",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "model.safetensors",
  "model.safetensors.index.json",
];
/** Requests at the same time. */
const MAX_PARALLEL = 4;
/** Statuses by which file servers and object stores say that there is no such file. */
const ABSENT: readonly number[] = [403, 404, 410];
/** Longest `ETag` or `Last-Modified` that is kept. */
const MAX_VALIDATOR_LENGTH = 500;

/** What a server tells of a file. */
export interface FolderFile {
  /** Bytes. */
  readonly size: number;
  /** `ETag` or `Last-Modified`: changes when the content does. */
  readonly validator: string;
}

/** Whether a plain server was asked about this file by {@link probeFolder}. */
export function isKnownFile(path: string): boolean {
  return KNOWN_FILES.includes(path);
}

/**
 * Asks a server for length and version of each file that a checkpoint may have.
 *
 * @param folder - address, with a slash at the end.
 * @throws HubError for a server that tells neither length nor version of a file; NetworkError when it cannot be asked.
 */
export async function probeFolder(
  client: HttpClient,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, FolderFile>> {
  const found = new Map<string, FolderFile>();
  await inParallel(MAX_PARALLEL, KNOWN_FILES, signal, async (path, ownSignal) => {
    const file = await headFile(client, folder, path, ownSignal);
    if (file) found.set(path, file);
  });
  return found;
}

/** Asks about one file; undefined where there is none. @throws as {@link probeFolder}. */
export async function headFile(
  client: HttpClient,
  folder: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FolderFile | undefined> {
  const url = folderFileAddress(folder, path);
  // A compressed answer has another length. Browsers do not let a page ask for none, but do not compress what is asked for in ranges.
  const headers = { "Accept-Encoding": "identity", Range: "bytes=0-" };
  const response = await request(client, url, { method: "HEAD", headers, signal, accept: [...ABSENT, 416] });
  response.close();
  if (ABSENT.includes(response.status)) return undefined;
  // Servers of applications answer any address with their page.
  if (/^text\/html\b/.test(response.headers.get("content-type") ?? "")) return undefined;
  const length = response.status === 416 ? "0" : response.headers.get("content-length");
  const validator = response.headers.get("etag") ?? response.headers.get("last-modified") ?? "";
  const size = Number(length);
  if (length !== null && Number.isSafeInteger(size) && size >= 0 && validator !== "") {
    return { size, validator: validator.slice(0, MAX_VALIDATOR_LENGTH) };
  }
  const message = `${url}: the server does not tell the file's length and version (Content-Length, and ETag or Last-Modified). Download the folder yourself and open it from disk.`;
  throw new HubError({ message, url, status: response.status });
}

/** Address of a file in a folder. */
export function folderFileAddress(folder: string, path: string): string {
  return folder + path.split("/").map(encodeURIComponent).join("/");
}
