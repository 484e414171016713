import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Something that goes wrong with one request. */
export interface Fault {
  /** Answer with this status instead. */
  readonly status?: number;
  /** Headers of such an answer, or of `text`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Break the connection after this many bytes of the body. */
  readonly dropAfter?: number;
  /** Say nothing more after this many bytes of the body. */
  readonly stallAfter?: number;
  /** End the body properly after this many bytes, announcing no more than that. */
  readonly endAfter?: number;
  /** Announce this length, whatever is sent. */
  readonly contentLength?: number;
  /** Announce no length. */
  readonly chunked?: boolean;
  /** Append this many bytes to the body. */
  readonly surplus?: number;
  /** Flip a bit in each byte. */
  readonly corrupt?: boolean;
  readonly ignoreRange?: boolean;
  /** Send ranges from another place than asked for. */
  readonly shiftRange?: number;
  readonly redirectToSelf?: boolean;
  /** Send this text instead, with status 200. */
  readonly text?: string;
  /** Milliseconds between pieces of 1 KiB. */
  readonly slow?: number;
}

/** A request as it arrived. */
export interface SeenRequest {
  /** `hub` for the API and its redirects, `cdn` for the other host, where large files are. */
  readonly host: "hub" | "cdn";
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** A repository as the server holds it. */
export interface ServedRepository {
  /** Contents by path; those over 1000 bytes are served as large files are: with SHA-256, from the other host. */
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly commit?: string;
  readonly refs?: Readonly<Record<string, string>>;
  /** Token without which the repository is not shown. */
  readonly token?: string;
  readonly gated?: boolean;
}

/** Bytes from which a file is served as a large one. */
const LARGE = 1000;
/** Entries of a listing's page: small, so that paging is exercised. */
const PAGE = 4;

/** What lets pages of other origins read, as on the Hub and where its files are. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization,range",
  "access-control-expose-headers": "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,ETag,Link,Content-Range",
} as const;

/** Milliseconds before a connection is broken: what was sent should have arrived, also on a busy machine. */
const DROP_DELAY = 40;

/** A commit hash made of one character. */
export function commitOf(character: string): string {
  return character.repeat(40);
}

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Git's hash of a file. */
export function gitBlob(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
}

/** Bytes that look random and are the same each time. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** A local server that speaks the routes of the Hub that these packages and Python's `huggingface_hub` use, faults included. */
export class HubServer implements AsyncDisposable {
  readonly repositories = new Map<string, ServedRepository>();
  readonly seen: SeenRequest[] = [];
  /** Decides what goes wrong with a request; `count` is how often this host and path were asked for before. */
  fault: (request: SeenRequest, count: number) => Fault | undefined = () => undefined;
  endpoint = "";
  private cdnOrigin = "";
  private readonly blobs = new Map<string, Uint8Array>();
  private readonly servers: Server[] = [];

  static async start(repositories: Readonly<Record<string, ServedRepository>> = {}): Promise<HubServer> {
    const server = new HubServer();
    for (const [name, repository] of Object.entries(repositories)) server.repositories.set(name, repository);
    server.endpoint = await server.listen("hub");
    server.cdnOrigin = await server.listen("cdn");
    return server;
  }

  /** How often files (not the API) were asked for. */
  get fileRequests(): readonly SeenRequest[] {
    return this.seen.filter(({ path }) => !path.startsWith("/api/"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private async listen(host: "hub" | "cdn"): Promise<string> {
    const server = createServer((request, response) => void this.answer(host, request, response));
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  private async answer(host: "hub" | "cdn", request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
    if (method === "OPTIONS") return void response.writeHead(204).end();
    const seen: SeenRequest = { host, method, path: url, range: headers.range, authorization: headers.authorization };
    const fault = this.fault(seen, this.seen.filter((other) => other.host === host && other.path === url).length);
    this.seen.push(seen);
    if (fault?.status !== undefined) return this.json(response, fault.status, {}, fault.headers);
    if (fault?.redirectToSelf) return this.json(response, 302, {}, { location: url });
    if (fault?.text !== undefined)
      return void response
        .writeHead(200, { ...fault.headers, "content-length": Buffer.byteLength(fault.text) })
        .end(fault.text);
    const path = decodeURIComponent(url.split("?")[0] ?? "");
    if (host === "cdn") return this.sendBlob(path.slice(1), seen, response, fault);
    return this.hub(path, new URL(url, this.endpoint).searchParams, seen, response, fault);
  }

  private async hub(
    path: string,
    query: URLSearchParams,
    seen: SeenRequest,
    response: ServerResponse,
    fault: Fault | undefined,
  ): Promise<void> {
    const [, api, name = "", verb, rest = ""] =
      /^(\/api\/models)?\/([^/]+\/[^/]+)\/(revision|tree|resolve)\/(.+)$/.exec(path) ?? [];
    const repository = this.repositories.get(name);
    const allowed = repository && (!repository.token || seen.authorization === `Bearer ${repository.token}`);
    if (!repository || !allowed) {
      // As the Hub: without a token nobody learns whether the repository exists.
      const status = seen.authorization ? 404 : 401;
      return this.json(response, status, { error: "Repository not found" }, { "x-error-code": "RepoNotFound" });
    }
    if (repository.gated) {
      const explanation = { "x-error-code": "GatedRepo", "x-error-message": "Access to model is restricted." };
      return this.json(response, 403, { error: "gated" }, explanation);
    }
    const commit = repository.commit ?? commitOf("a");
    const revisions: Readonly<Record<string, string>> = { main: commit, [commit]: commit, ...repository.refs };
    const revision = Object.keys(revisions).find((known) => rest === known || rest.startsWith(`${known}/`));
    if (revision === undefined) {
      return this.json(response, 404, { error: "Invalid rev id" }, { "x-error-code": "RevisionNotFound" });
    }
    if (api && verb === "revision") return this.json(response, 200, { _id: "1", id: name, sha: revisions[revision] });
    if (api && verb === "tree") return this.tree(name, repository, query, response);
    const content = repository.files[rest.slice(revision.length + 1)];
    if (content === undefined) {
      return this.json(response, 404, { error: "Entry not found" }, { "x-error-code": "EntryNotFound" });
    }
    const bytes = toBytes(content);
    const headers = { "x-repo-commit": revisions[revision] ?? "" };
    if (bytes.byteLength < LARGE) {
      this.blobs.set(gitBlob(bytes), bytes);
      return this.sendBlob(gitBlob(bytes), seen, response, fault, headers);
    }
    const hash = sha256(bytes);
    this.blobs.set(hash, bytes);
    const linked = { "x-linked-etag": `"${hash}"`, "x-linked-size": String(bytes.byteLength) };
    this.json(response, 302, {}, { ...headers, ...linked, location: `${this.cdnOrigin}/${hash}` });
  }

  private tree(name: string, repository: ServedRepository, query: URLSearchParams, response: ServerResponse): void {
    const start = Number(query.get("cursor") ?? 0);
    const entries = Object.entries(repository.files).map(([path, content]) => {
      const bytes = toBytes(content);
      const size = bytes.byteLength;
      const pointer = new TextEncoder().encode(
        `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(bytes)}\nsize ${size}\n`,
      );
      return size < LARGE
        ? { type: "file", oid: gitBlob(bytes), size, path }
        : {
            type: "file",
            oid: gitBlob(pointer),
            size,
            path,
            lfs: { oid: sha256(bytes), size, pointerSize: pointer.byteLength },
          };
    });
    const all = [{ type: "directory", oid: gitBlob(new Uint8Array()), size: 0, path: "onnx" }, ...entries];
    const next = `${this.endpoint}/api/models/${name}/tree/${repository.commit ?? commitOf("a")}?recursive=true&cursor=${start + PAGE}`;
    this.json(
      response,
      200,
      all.slice(start, start + PAGE),
      start + PAGE < all.length ? { link: `<${next}>; rel="next"` } : {},
    );
  }

  private async sendBlob(
    blob: string,
    seen: SeenRequest,
    response: ServerResponse,
    fault: Fault = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const whole = this.blobs.get(blob) ?? new Uint8Array();
    const asked = fault.ignoreRange ? null : /^bytes=(\d+)-(\d*)$/.exec(seen.range ?? "");
    const start = Number(asked?.[1] ?? 0) + (asked ? (fault.shiftRange ?? 0) : 0);
    const end = asked?.[2] ? Number(asked[2]) + 1 : whole.byteLength;
    if (asked && start >= whole.byteLength)
      return this.json(response, 416, {}, { "content-range": `bytes */${whole.byteLength}` });
    let body = whole.slice(start, Math.min(end, fault.endAfter === undefined ? end : start + fault.endAfter));
    if (fault.corrupt) body = body.map((byte) => byte ^ 1);
    if (fault.surplus) body = Uint8Array.from([...body, ...noise(fault.surplus)]);
    response.writeHead(asked ? 206 : 200, {
      ...headers,
      etag: `"${blob}"`,
      "accept-ranges": "bytes",
      ...(fault.chunked ? {} : { "content-length": String(fault.contentLength ?? body.byteLength) }),
      ...(asked ? { "content-range": `bytes ${start}-${end - 1}/${whole.byteLength}` } : {}),
    });
    response.on("error", () => undefined);
    if (seen.method === "HEAD") return void response.end();
    const cut = fault.dropAfter ?? fault.stallAfter;
    if (cut !== undefined && cut < body.byteLength) {
      response.write(body.subarray(0, cut), () =>
        setTimeout(() => fault.dropAfter !== undefined && response.destroy(), DROP_DELAY),
      );
      return;
    }
    for (let at = 0; fault.slow !== undefined && at < body.byteLength; at += 1024) {
      response.write(body.subarray(at, at + 1024));
      await new Promise((resolve) => setTimeout(resolve, fault.slow));
      if (response.destroyed) return;
    }
    response.end(fault.slow === undefined ? body : undefined);
  }

  private json(
    response: ServerResponse,
    status: number,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    response.writeHead(status, { "content-type": "application/json", "x-request-id": "request-1", ...headers });
    response.end(JSON.stringify(body));
  }
}

function toBytes(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
