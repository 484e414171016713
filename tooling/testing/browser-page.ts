/** A page of one's own in a real Chromium, served from this process: what every browser test stands on. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { build, type BuildOptions } from "esbuild";
import type { Page } from "playwright-core";
import { launchChromium } from "./chromium.js";

/** How a test page is made. */
export interface BrowserPageOptions {
  /** Source files to bundle, by name. `page` is loaded by the page and has to set `globalThis.smolvlmTest`, whose functions tests call. */
  readonly entries: { readonly page: string } & Readonly<Record<string, string>>;
  /** More options for esbuild. */
  readonly build?: Pick<BuildOptions, "alias" | "conditions" | "external" | "define">;
  /** Headers of every answer, such as those that isolate a page, or its content security policy. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Folders to serve, by the prefix of their URLs, such as `/data/`. Ranges are honoured. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Answers requests before anything else does; false for those it leaves alone. */
  readonly respond?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** More arguments for Chromium. */
  readonly args?: readonly string[];
}

/** The test page, and how to end it with its browser and server. */
export interface BrowserPage extends AsyncDisposable {
  readonly page: Page;
  /** Scheme, host and port of the server. */
  readonly origin: string;
}

function contentType(path: string): string {
  if (path.endsWith("js")) return "text/javascript";
  return path.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
}

/** Sends a file, or the range of it that was asked for. */
function sendFile(path: string, request: IncomingMessage, response: ServerResponse): void {
  if (!existsSync(path)) return void response.writeHead(404).end();
  const { size } = statSync(path);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = last ? Math.min(Number(last), size - 1) : size - 1;
  if (first !== undefined) response.setHeader("Content-Range", `bytes ${start}-${end}/${size}`);
  const headers = { "Content-Type": contentType(path), "Accept-Ranges": "bytes", "Content-Length": end - start + 1 };
  response.writeHead(first === undefined ? 200 : 206, headers);
  const file = createReadStream(path, { start, end });
  response.on("close", () => file.destroy());
  file.pipe(response);
}

/** Bundles the entries, serves them, and opens the page in a Chromium of its own. */
export async function openBrowserPage(options: BrowserPageOptions): Promise<BrowserPage> {
  const { outputFiles } = await build({
    entryPoints: options.entries,
    bundle: true,
    splitting: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "/",
    logLevel: "error",
    ...options.build,
  });
  const assets = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(options.headers ?? {})) response.setHeader(name, value);
    if (options.respond?.(request, response)) return;
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const asset = assets.get(path);
    if (asset) return void response.writeHead(200, { "Content-Type": contentType(path) }).end(asset);
    for (const [prefix, folder] of Object.entries(options.folders ?? {})) {
      if (path.startsWith(prefix))
        return sendFile(join(folder, normalize(path.slice(prefix.length))), request, response);
    }
    if (path !== "/") return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end('<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  try {
    const browser = await launchChromium(options.args);
    try {
      const page = await browser.newPage();
      page.on("pageerror", (error) => console.error("page:", error.message));
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await page.goto(origin);
      await page.waitForFunction("globalThis.smolvlmTest");
      return {
        page,
        origin,
        async [Symbol.asyncDispose]() {
          await browser.close();
          close();
        },
      };
    } catch (error) {
      await browser.close();
      throw error;
    }
  } catch (error) {
    close();
    throw error;
  }
}

/** Calls a function of the test page; `argument` and the answer are JSON. */
export async function call<T>(page: Page, name: string, argument?: unknown): Promise<T> {
  return page.evaluate(`globalThis.smolvlmTest.${name}(${JSON.stringify(argument) ?? ""})`);
}
