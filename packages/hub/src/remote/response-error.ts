import { AccessDeniedError, HubError, RepositoryNotFoundError, RevisionNotFoundError } from "../errors.js";

/** The Hub explains an error in a header; other servers' pages are not quoted. */
const MAX_QUOTED = 300;

/**
 * The error for an answer with an error status. The Hub says in `X-Error-Code` what is wrong, and answers 401 for a repository that
 * does not exist when no token came along.
 *
 * @internal
 */
export function responseError(
  url: string,
  response: { readonly status: number; readonly headers: Headers },
  hasToken: boolean,
): HubError {
  const { status, headers } = response;
  const code = headers.get("x-error-code") ?? "";
  // A header is bytes from elsewhere: one line, without escape sequences for the terminal.
  const said = (headers.get("x-error-message") ?? "").replace(/\p{Cc}+/gu, " ").slice(0, MAX_QUOTED);
  const init = { url, status, requestId: headers.get("x-request-id") ?? undefined };
  const quoted = said === "" ? "" : ` The server says: ${said}`;
  const loginHint = hasToken
    ? "Check that your token (HF_TOKEN) is valid and may read it."
    : "If it is private or gated, set HF_TOKEN to a token that may read it (https://huggingface.co/settings/tokens).";

  if (code === "RevisionNotFound") {
    return new RevisionNotFoundError({ ...init, message: `${url}: this branch, tag or commit does not exist.` });
  }
  if (code === "GatedRepo") {
    const message = `${url}: this model is gated. Accept its conditions on its page, then try again. ${loginHint}${quoted}`;
    return new AccessDeniedError({ ...init, message });
  }
  if (status === 401 && said === "Invalid credentials in Authorization header") {
    const message = `${url}: the token was refused. Check HF_TOKEN, or unset it: public models need none.`;
    return new AccessDeniedError({ ...init, message });
  }
  if (code === "RepoNotFound" || (status === 401 && !hasToken && code === "")) {
    const message = `${url}: there is no such model, or it is private. Check the name (org/name). ${loginHint}`;
    return new RepositoryNotFoundError({ ...init, message });
  }
  if (status === 401 || status === 403) {
    return new AccessDeniedError({ ...init, message: `${url}: access denied (${status}). ${loginHint}${quoted}` });
  }
  if (status === 404) {
    return new HubError({ ...init, message: `${url}: not found (404).${quoted}` });
  }
  if (status === 429) {
    const message = `${url}: too many requests (429). Wait some minutes; with HF_TOKEN set the Hub allows more.${quoted}`;
    return new HubError({ ...init, message });
  }
  const advice = status >= 500 ? " The server has a problem; try again later." : "";
  return new HubError({ ...init, message: `${url}: the server answered ${status}.${advice}${quoted}` });
}
