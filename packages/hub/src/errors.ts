import { ModelFileError, SmolVLMError } from "@smolvlm/contracts";

/** What is known of a failed request. */
export interface HubErrorInit {
  /** One sentence or more: what failed and what to do. */
  readonly message: string;
  /** What was asked for; tokens travel in headers and are never part of it. */
  readonly url: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** The server's `X-Request-Id`, which Hugging Face asks for in bug reports. */
  readonly requestId?: string | undefined;
}

/** A request to the Hub, or to another server that holds model files, failed for good. Base of the more exact classes. */
export class HubError extends SmolVLMError {
  static override readonly errorName: string = "HubError";
  /** What was asked for. */
  readonly url: string;
  /** HTTP status, or undefined where there was no answer. */
  readonly status: number | undefined;
  /** The server's `X-Request-Id`. */
  readonly requestId: string | undefined;

  constructor(init: HubErrorInit, options?: ErrorOptions) {
    const { message, requestId } = init;
    super(requestId && !message.includes(requestId) ? `${message} (request ${requestId})` : message, options);
    this.url = init.url;
    this.status = init.status;
    this.requestId = init.requestId;
  }
}

/** The server could not be reached, hung up again and again, or fell silent. */
export class NetworkError extends HubError {
  static override readonly errorName: string = "NetworkError";
}

/** There is no such repository, or it is private and the token does not show it (the Hub does not tell these apart). */
export class RepositoryNotFoundError extends HubError {
  static override readonly errorName: string = "RepositoryNotFoundError";
}

/** The repository exists, the branch, tag or commit does not. */
export class RevisionNotFoundError extends HubError {
  static override readonly errorName: string = "RevisionNotFoundError";
}

/** Status 401 or 403: a wrong or missing token, or a gated repository whose conditions were not accepted. */
export class AccessDeniedError extends HubError {
  static override readonly errorName: string = "AccessDeniedError";
}

/** Something had to be fetched although requests are switched off (`offline`, `HF_HUB_OFFLINE`). */
export class OfflineError extends SmolVLMError {
  static override readonly errorName: string = "OfflineError";
}

/** A downloaded file has another length or hash than the repository says. It was deleted, not used. */
export class FileIntegrityError extends ModelFileError {
  static override readonly errorName: string = "FileIntegrityError";
  /** The length or hash that the repository gives. */
  readonly expected: string;
  /** What arrived. */
  readonly found: string;

  constructor(init: { file: string; expected: string; found: string }, options?: ErrorOptions) {
    super(
      init.file,
      `expected ${init.expected}, received ${init.found}; the download was thrown away. Try again; ` +
        "if it happens again, something between you and the server (a proxy, a mirror) changes the bytes.",
      options,
    );
    this.expected = init.expected;
    this.found = init.found;
  }
}

/** A cache folder cannot be written: full disk, missing permission, read-only file system. */
export class StorageError extends SmolVLMError {
  static override readonly errorName: string = "StorageError";
  /** The file or folder concerned. */
  readonly path: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}

/** Whether an error says that the Hub cannot be reached or is out of order, as opposed to an answer that settles the matter. @internal */
export function isOutage(error: unknown): boolean {
  if (!HubError.isInstance(error)) return false;
  const { status = 0 } = error;
  return status < 400 || status === 408 || status === 429 || status >= 500;
}
