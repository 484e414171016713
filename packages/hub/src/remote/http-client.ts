import { HubError, NetworkError } from "../errors.js";
import { responseError } from "./response-error.js";

/** How requests are made. */
export interface HttpClient {
  readonly fetch: typeof fetch;
  /** Sent as a bearer token, to `origin` only. */
  readonly token: string | undefined;
  readonly origin: string;
  /** Milliseconds without a single byte before a request counts as failed. */
  readonly timeout: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Milliseconds before the first retry; doubled for each further one. */
  readonly retryDelay: number;
}

/** One request. */
export interface HttpRequest {
  readonly method?: "GET" | "HEAD" | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Statuses handed to the caller although they are errors. */
  readonly accept?: readonly number[] | undefined;
}

/** A response whose body is still arriving. `close` must be called; it stops what is left of the transfer. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Pieces of the body; throws NetworkError when the connection breaks or nothing arrives for the client's timeout. */
  body(): AsyncGenerator<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/** Longest a server's Retry-After is obeyed; beyond it the person is told instead of left waiting. */
const MAX_RETRY_WAIT = 60_000;
/** Statuses that another attempt may cure. */
const RETRYABLE: readonly number[] = [408, 425, 429, 500, 502, 503, 504];
/** With no route or no such host a second look is enough. */
const MAX_RETRIES_UNREACHABLE = 1;

/**
 * Makes a request, again after dropped connections, silence, 429 and 5xx, with growing pauses or as long as the server asks.
 *
 * @throws NetworkError when no answer came in the end; another HubError for an answer that is an error.
 */
export async function request(client: HttpClient, url: string, init: HttpRequest = {}): Promise<HttpResponse> {
  for (let attempt = 0; ; attempt++) {
    const result = await tryOnce(client, url, init);
    if (!(result instanceof HubError)) {
      if (result.status < 400 || init.accept?.includes(result.status)) return result;
      const wait = requestedWait(result.headers);
      const error = responseError(url, result, client.token !== undefined);
      result.close();
      const hopeless = !RETRYABLE.includes(result.status) || (wait ?? 0) > MAX_RETRY_WAIT;
      if (hopeless || attempt >= client.retries) throw error;
      await pause(wait ?? client.retryDelay * 2 ** attempt, init.signal);
    } else {
      const retries = isUnreachable(result) ? Math.min(client.retries, MAX_RETRIES_UNREACHABLE) : client.retries;
      if (!NetworkError.isInstance(result) || attempt >= retries) throw result;
      await pause(client.retryDelay * 2 ** attempt, init.signal);
    }
  }
}

async function tryOnce(client: HttpClient, url: string, init: HttpRequest): Promise<HttpResponse | HubError> {
  init.signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(init.signal?.reason);
  init.signal?.addEventListener("abort", onAbort, { once: true });
  const close = (): void => {
    init.signal?.removeEventListener("abort", onAbort);
    controller.abort();
  };
  const silence = (): NetworkError =>
    new NetworkError({
      message: `${url} sent nothing for ${client.timeout / 1000} s. Check the connection and try again.`,
      url,
    });
  const timed = async <T>(step: Promise<T>): Promise<T> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(silence());
        controller.abort();
      }, client.timeout);
    });
    try {
      return await Promise.race([step, timeout]);
    } finally {
      clearTimeout(timer);
    }
  };
  const problem = (cause: unknown): HubError => {
    init.signal?.throwIfAborted();
    return HubError.isInstance(cause) ? cause : connectionError(url, cause);
  };

  try {
    // The platform's fetch drops the token when it follows a redirect to another host, which is where the Hub's files are.
    const authorized = client.token !== undefined && new URL(url).origin === client.origin;
    const response = await timed(
      client.fetch(url, {
        method: init.method ?? "GET",
        headers: { ...init.headers, ...(authorized ? { Authorization: `Bearer ${client.token}` } : {}) },
        signal: controller.signal,
      }),
    );
    return {
      status: response.status,
      headers: response.headers,
      close,
      async *body() {
        const reader = response.body?.getReader();
        try {
          for (;;) {
            const piece = reader && (await timed(reader.read()));
            if (!piece || piece.done) return;
            yield piece.value;
          }
        } catch (cause) {
          throw problem(cause);
        } finally {
          close();
        }
      },
    };
  } catch (cause) {
    close();
    return problem(cause);
  }
}

/** Milliseconds that the server asks to wait: `Retry-After` (seconds or a date), or the `t=` of the Hub's `RateLimit` header. */
function requestedWait(headers: Headers): number | undefined {
  const header = headers.get("retry-after") ?? /;\s*t=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  if (header === undefined || header === "") return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/**
 * Waits, unless and until the signal aborts.
 *
 * @internal
 */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function connectionError(url: string, cause: unknown): HubError {
  const { code, message } = rootCause(cause);
  const host = new URL(url).host;
  if (/redirect/i.test(message)) {
    return new HubError({ message: `${url} redirects in a circle; the server is misconfigured.`, url }, { cause });
  }
  const why =
    code === "ENOTFOUND" || code === "EAI_AGAIN"
      ? `The host ${host} was not found. Check the connection, HF_ENDPOINT and the proxy`
      : code === "ECONNREFUSED"
        ? `${host} refuses connections. Check HF_ENDPOINT, the proxy and the firewall`
        : /CERT|SSL|TLS/.test(code)
          ? `The certificate of ${host} was not accepted (${code}). Behind a company proxy, set NODE_EXTRA_CA_CERTS`
          : `The connection to ${host} broke (${code || message}). Check the connection and try again`;
  return new NetworkError({ message: `${why}; a model that was downloaded before works offline.`, url }, { cause });
}

function isUnreachable(error: HubError): boolean {
  return ["ENOTFOUND", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"].includes(rootCause(error).code);
}

/** The platform's fetch says only "fetch failed"; what happened is in the causes under it. */
function rootCause(error: unknown): { code: string; message: string } {
  let found = { code: "", message: String(error) };
  for (let at = error, depth = 0; at instanceof Error && depth < 8; depth++) {
    const { code, errors, cause } = at as Error & { code?: unknown; errors?: unknown };
    found = { code: typeof code === "string" ? code : found.code, message: at.message };
    at = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  return found;
}
