import { InvalidArgumentError } from "@smolvlm/contracts";
import type { HttpClient } from "./http-client.js";

/** What a client is made of. */
export interface ClientInit extends Pick<HttpClient, "fetch" | "token"> {
  readonly endpoint: string;
  readonly timeout?: number | undefined;
  readonly retries?: number | undefined;
  readonly retryDelay?: number | undefined;
}

/** A client with the usual patience where nothing is said of it. */
export function makeClient(init: ClientInit): HttpClient {
  const { fetch, token, endpoint, timeout = 30_000, retries = 5, retryDelay = 500 } = init;
  return { fetch, token, origin: new URL(endpoint).origin, timeout, retries, retryDelay };
}

/**
 * The address of the Hub or of a mirror, without a slash at the end.
 *
 * @throws InvalidArgumentError naming `argument` for what is no http(s) address.
 */
export function checkEndpoint(argument: string, endpoint: string = "https://huggingface.co"): string {
  const trimmed = endpoint.replace(/\/+$/, "");
  if (/^https?:\/\//i.test(trimmed) && URL.canParse(trimmed)) return trimmed;
  throw new InvalidArgumentError({ argument, expected: "an http(s) address", found: endpoint });
}

/** An access token; undefined for an empty one. @throws InvalidArgumentError naming `argument` for what cannot be sent. */
export function checkToken(argument: string, token: string = ""): string | undefined {
  const trimmed = token.trim();
  if (trimmed === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  // The token itself must not end up in a log.
  const found = "one with spaces or other characters that a header cannot hold";
  throw new InvalidArgumentError({ argument, expected: "an access token", found });
}
