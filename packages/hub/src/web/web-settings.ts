import type { HttpClient } from "../remote/http-client.js";
import { checkEndpoint, checkToken, makeClient } from "../remote/make-client.js";

/** How a page talks to the Hub, a mirror of it, or another server. */
export interface WebRequestOptions {
  /** Access token; sent to `endpoint` and to no other host. A page shows its token to everyone who can read the page. */
  readonly token?: string | undefined;
  /** Address of the Hub or of a mirror; `https://huggingface.co` when absent. */
  readonly endpoint?: string | undefined;
  /** Whether to make no requests and use only what is stored; false when absent. */
  readonly offline?: boolean | undefined;
  /** Milliseconds of silence after which a request counts as failed; 30000 when absent. */
  readonly timeout?: number | undefined;
  /** How often a failed request is tried again before giving up; 5 when absent. */
  readonly retries?: number | undefined;
  /** Milliseconds before the first retry, doubled for each further one; 500 when absent. */
  readonly retryDelay?: number | undefined;
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/** The Hub's address of these options, without a slash at the end. @throws InvalidArgumentError for what is no http(s) address. */
export function endpointOf({ endpoint }: WebRequestOptions): string {
  return checkEndpoint("endpoint", endpoint);
}

/** The client of these options. @throws InvalidArgumentError for an endpoint or token that cannot be used. */
export function webClient(options: WebRequestOptions): HttpClient {
  return makeClient({
    ...options,
    endpoint: endpointOf(options),
    token: checkToken("token", options.token),
    // Looked up at each call, so that a page may replace the global later. Past the browser's own cache, which would keep everything a
    // second time and lets only one request for an address go on at a time.
    fetch: options.fetch ?? ((input, init) => fetch(input, { ...init, cache: "no-store" })),
  });
}
