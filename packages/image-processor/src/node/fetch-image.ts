import { MediaError } from "@smolvlm/contracts";

/** Limits of fetching. */
export interface FetchLimits {
  readonly maxBytes: number;
  /** Of the whole exchange, redirects included. */
  readonly timeoutMs: number;
  readonly maxRedirects: number;
  /** Asked before each request, those of redirects included. */
  readonly allowUrl: (url: URL) => boolean | Promise<boolean>;
}

const REDIRECTS = [301, 302, 303, 307, 308];

/** A URL without what may be secret in it. */
export function displayUrl(url: URL): string {
  return url.origin + url.pathname;
}

async function follow(url: URL, limits: FetchLimits, signal: AbortSignal): Promise<Response> {
  let current = url;
  for (let redirects = 0; ; redirects++) {
    const media = displayUrl(current);
    if (current.protocol !== "http:" && current.protocol !== "https:") {
      throw new MediaError(displayUrl(url), `redirects to ${current.protocol}, which is not fetched.`);
    }
    if (!(await limits.allowUrl(current)))
      throw new MediaError(media, "is not an address that may be fetched (allowUrl refused it).");
    const response = await fetch(current, { redirect: "manual", signal });
    const location = response.headers.get("location");
    if (!REDIRECTS.includes(response.status) || location === null) return response;
    await response.body?.cancel();
    if (redirects >= limits.maxRedirects)
      throw new MediaError(media, `redirects more than ${limits.maxRedirects} times.`);
    if (!URL.canParse(location, current.href)) throw new MediaError(media, "redirects to an address that is not one.");
    current = new URL(location, current);
  }
}

async function readAll(response: Response, media: string, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = (): never => {
    throw new MediaError(media, `is larger than the limit of ${maxBytes} bytes; raise maxBytes to read it.`);
  };
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) return Buffer.concat(chunks, length);
    length += value.length;
    if (length > maxBytes) tooLarge();
    chunks.push(value);
  }
}

/**
 * What `read` makes of the response behind an http(s) URL, redirects followed.
 *
 * @throws MediaError for a refusal or fault of the server, or when a limit is met; the signal's reason when it aborts.
 */
export async function fetchMedia<T>(
  url: URL,
  limits: FetchLimits,
  signal: AbortSignal | undefined,
  read: (response: Response, media: string) => Promise<T>,
): Promise<T> {
  const media = displayUrl(url);
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const stop = new AbortController();
  const either = AbortSignal.any([timeout, stop.signal, ...(signal ? [signal] : [])]);
  try {
    const response = await follow(url, limits, either);
    if (!response.ok) throw new MediaError(media, `the server answered ${response.status}; check the address.`);
    return await read(response, media);
  } catch (cause) {
    signal?.throwIfAborted();
    if (MediaError.isInstance(cause)) throw cause;
    if (timeout.aborted)
      throw new MediaError(media, `did not arrive within ${limits.timeoutMs} ms; raise timeoutMs to wait longer.`, {
        cause,
      });
    const reason =
      cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : String(cause);
    throw new MediaError(media, `could not be fetched (${reason}).`, { cause });
  } finally {
    stop.abort();
  }
}

/** The bytes behind an http(s) URL, never more than `maxBytes` of them in memory. @throws what `fetchMedia` throws. */
export function fetchImage(url: URL, limits: FetchLimits, signal?: AbortSignal): Promise<Uint8Array> {
  return fetchMedia(url, limits, signal, (response, media) => readAll(response, media, limits.maxBytes));
}
