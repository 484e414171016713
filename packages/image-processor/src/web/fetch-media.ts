import { MediaError } from "@smolvlm/contracts";

/** Limits of fetching. */
export interface FetchLimits {
  /** Most bytes of what has to be held as a whole. */
  readonly maxBytes: number;
  /** Of the whole exchange, milliseconds. */
  readonly timeoutMs: number;
}

/** A URL without what may be secret in it. */
export function displayUrl(url: URL): string {
  return url.protocol === "blob:" || url.protocol === "data:" ? `${url.protocol} URL` : url.origin + url.pathname;
}

/**
 * `fetch` that says what is wrong.
 *
 * @param media what to call it in messages.
 * @throws MediaError for a refusal or fault of the server; the signal's reason when it aborts.
 */
export async function fetchMedia(url: URL, media: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    init.signal?.throwIfAborted();
    // A page is told nothing more than that it failed.
    const reasons = "there is no connection, no such address, or its server allows no other site to read it (CORS)";
    throw new MediaError(media, `could not be fetched: ${reasons}.`, { cause });
  }
  if (!response.ok) throw new MediaError(media, `the server answered ${response.status}; check the address.`);
  return response;
}

/**
 * What `work` makes of what it fetches within the time. What it leaves unread when it ends is not fetched.
 *
 * @throws MediaError when it is too slow or the connection is lost; the signal's reason when it aborts.
 */
export async function inTime<T>(
  media: string,
  { timeoutMs }: Pick<FetchLimits, "timeoutMs">,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const ended = new AbortController();
  try {
    return await work(AbortSignal.any([timeout, ended.signal, ...(signal ? [signal] : [])]));
  } catch (cause) {
    signal?.throwIfAborted();
    if (MediaError.isInstance(cause)) throw cause;
    const slow = `did not arrive within ${timeoutMs} ms; raise timeoutMs to wait longer.`;
    const lost = "the connection was lost while it was fetched; try again.";
    throw new MediaError(media, timeout.aborted ? slow : lost, { cause });
  } finally {
    ended.abort();
  }
}
