import { MediaError } from "@smolvlm/contracts";
import { checkLength } from "../decode/image-file.js";

/** Limits of fetching. */
export interface FetchLimits {
  readonly maxBytes: number;
  /** Of the whole exchange. */
  readonly timeoutMs: number;
}

async function readAll(response: Response, media: string, maxBytes: number): Promise<Uint8Array> {
  checkLength(media, Number(response.headers.get("content-length") ?? 0), maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) break;
    length += value.length;
    checkLength(media, length, maxBytes);
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * The bytes behind a URL that the browser fetches (http, https, blob), never more than `maxBytes` of them in memory.
 *
 * @throws MediaError for a refusal or fault of the server, or when a limit is met; the signal's reason when it aborts.
 */
export async function fetchImage(
  url: URL,
  media: string,
  limits: FetchLimits,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const stop = new AbortController();
  const either = AbortSignal.any([timeout, stop.signal, ...(signal ? [signal] : [])]);
  try {
    const response = await fetch(url, { signal: either });
    if (!response.ok) throw new MediaError(media, `the server answered ${response.status}; check the address.`);
    return await readAll(response, media, limits.maxBytes);
  } catch (cause) {
    signal?.throwIfAborted();
    if (MediaError.isInstance(cause)) throw cause;
    if (timeout.aborted) {
      const advice = "raise timeoutMs to wait longer";
      throw new MediaError(media, `did not arrive within ${limits.timeoutMs} ms; ${advice}.`, { cause });
    }
    // A page is told nothing more than that it failed.
    const reasons = "there is no connection, no such address, or its server allows no other site to read it (CORS)";
    throw new MediaError(media, `could not be fetched: ${reasons}.`, { cause });
  } finally {
    stop.abort();
  }
}
