/** A folder served as a static host serves it, and a real Chromium to open it in. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".gif": "image/gif",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** How a site is served. */
export interface StaticSiteOptions {
  /** Headers of every answer, such as those that isolate a page, or its content security policy. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers requests before anything else does; false for those it leaves alone. */
  readonly respond?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** A site that is served until it is disposed. */
export interface StaticSite extends AsyncDisposable {
  /** `http://localhost:port`, a secure context as https pages are. */
  readonly origin: string;
}

/** The two headers that isolate a page, so that it may have threads. */
export const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

/** Serves a folder. */
export async function serveFolder(root: string, options: StaticSiteOptions = {}): Promise<StaticSite> {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(options.headers ?? {})) response.setHeader(name, value);
    if (options.respond?.(request, response)) return;
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = join(root, normalize(path.endsWith("/") ? `${path}index.html` : path));
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
