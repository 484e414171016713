import { ModelFileError, type ModelFiles, type OpenOptions } from "@smolvlm/contracts";
import { memoryModelFiles } from "@smolvlm/hub";

/**
 * A small checkpoint that comes with a page, such as `nanoModelUrls` of `@smolvlm/nano`: each file is fetched from its own address, so that
 * a bundler may rename them, and kept in memory. What is larger is better opened by the address of its folder.
 *
 * @param urls the files' addresses by their names in a repository.
 * @throws ModelFileError when a file cannot be fetched; the signal's reason when it is aborted.
 */
export async function fetchModelFiles(
  urls: Readonly<Record<string, string | URL>>,
  { signal, onProgress, id = "files of this page" }: OpenOptions & { readonly id?: string | undefined } = {},
): Promise<ModelFiles> {
  const responses = await Promise.all(
    Object.entries(urls).map(async ([name, url]) => [name, await fetchFile(name, url, signal)] as const),
  );
  const sizes = responses.map(([, response]) => Number(response.headers.get("Content-Length") ?? 0));
  // A compressed answer tells its compressed length; then there is no exact total and nothing is reported.
  const exact = responses.every(([, { headers }]) => headers.has("Content-Length") && !headers.has("Content-Encoding"));
  let loaded = 0;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const contents = responses.map(async ([name, response]) => {
    let before = 0;
    const bytes = await readAll(name, response, (size) => {
      loaded += size - before;
      before = size;
      if (exact) onProgress?.({ stage: "download", name, loaded, total, unit: "bytes" });
    });
    signal?.throwIfAborted();
    return [name, bytes] as const;
  });
  return memoryModelFiles(Object.fromEntries(await Promise.all(contents)), id);
}

async function fetchFile(name: string, url: string | URL, signal: AbortSignal | undefined): Promise<Response> {
  const failed = (how: string, cause?: unknown): ModelFileError =>
    new ModelFileError(name, `${String(url)} ${how}; check the address and the connection.`, { cause });
  const response = await fetch(url, signal ? { signal } : {}).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw failed("could not be fetched", cause);
  });
  if (!response.ok) throw failed(`was answered with status ${response.status}`);
  return response;
}

async function readAll(name: string, { body }: Response, onLoaded: (bytes: number) => void): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    const reader = body?.getReader();
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      pieces.push(next.value);
      onLoaded((size += next.value.length));
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  } catch (cause) {
    throw new ModelFileError(name, "the connection was lost while it was fetched; try again.", { cause });
  }
}
