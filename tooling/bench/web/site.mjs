/** Bundles the pages of both sides, serves them with the weights, and opens them in a Chromium of their own. */
import { Buffer } from "node:buffer";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
// These two are the dependencies of tooling/package.json, the folder above.
import { build } from "esbuild";
import { chromium } from "playwright-core";

const packages = fileURLToPath(new URL("../../../packages/", import.meta.url));
const programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** A page may have threads only with these two. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const typeOf = (path) => types[/\.\w+$/.exec(path)?.[0]] ?? "application/octet-stream";

/** The folder of ONNX Runtime's files that a package uses. */
function runtimeFiles(from) {
  return dirname(createRequire(from).resolve("onnxruntime-web"));
}

const versionIn = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;

async function bundle(name, entries, options = {}) {
  const { outputFiles } = await build({
    entryPoints: entries,
    bundle: true,
    splitting: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: `/${name}`,
    logLevel: "error",
    ...options,
  });
  return outputFiles.map(({ path, contents }) => [path, contents]);
}

function sendFile(path, request, response) {
  if (!existsSync(path) || !statSync(path).isFile()) return void response.writeHead(404).end();
  const { size, mtime } = statSync(path);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = last ? Math.min(Number(last), size - 1) : size - 1;
  if (first !== undefined) response.setHeader("Content-Range", `bytes ${start}-${end}/${size}`);
  const headers = { "Content-Type": typeOf(path), "Accept-Ranges": "bytes", "Content-Length": end - start + 1 };
  response.setHeader("Last-Modified", mtime.toUTCString());
  response.writeHead(first === undefined ? 200 : 206, headers);
  if (request.method === "HEAD" || size === 0) return void response.end();
  const file = createReadStream(path, { start, end });
  response.on("close", () => file.destroy());
  file.pipe(response);
}

/**
 * @param {{ checkpoint: string, photo: Uint8Array, largePhoto: Uint8Array, peers?: { folder: string, model: string } }} options
 * @returns {Promise<{ origin: string, versions: Record<string, string>, close: () => void }>}
 */
export async function serveSite({ checkpoint, photo, largePhoto, peers }) {
  const here = (name) => fileURLToPath(new URL(name, import.meta.url));
  const ours = {
    page: here("page-ours.mjs"),
    worker: join(packages, "smolvlm/src/web/worker.ts"),
    "convert-worker": join(packages, "smolvlm/src/web/convert-worker.ts"),
    "file-worker": join(packages, "smolvlm/src/web/file-worker.ts"),
  };
  const assets = new Map([
    ...(await bundle("ours", ours, { conditions: ["onnxruntime-web-use-extern-wasm"] })),
    ...(await bundle("bandwidth", { worker: here("bandwidth-worker.mjs") })),
  ]);
  const versions = {};
  const folders = { "/checkpoint/": checkpoint, "/ort-ours/": runtimeFiles(join(packages, "smolvlm/package.json")) };
  if (peers) {
    const options = { nodePaths: [join(peers.folder, "node_modules")] };
    const made = await bundle("transformers.js", { page: here("page-transformers-js.mjs") }, options);
    for (const [path, contents] of made) assets.set(path, contents);
    const package_ = join(peers.folder, "node_modules/@huggingface/transformers");
    folders["/layout/model/"] = peers.model;
    folders["/ort-transformers-js/"] = runtimeFiles(join(package_, "package.json"));
    versions["transformers.js"] = versionIn(package_);
    versions["its onnxruntime-web"] = versionIn(dirname(folders["/ort-transformers-js/"]));
  }
  versions["our onnxruntime-web"] = versionIn(dirname(folders["/ort-ours/"]));
  const photos = { "/photo.jpg": photo, "/large.jpg": largePhoto };
  let pixels = Buffer.alloc(0);
  const server = createServer(async (request, response) => {
    for (const [name, value] of Object.entries(isolation)) response.setHeader(name, value);
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    if (path === "/pixels") {
      if (request.method === "POST") pixels = Buffer.concat(await request.toArray());
      return void response.end(request.method === "POST" ? "" : pixels);
    }
    if (photos[path]) return void response.writeHead(200, { "Content-Type": "image/jpeg" }).end(photos[path]);
    const asset = assets.get(path);
    if (asset) return void response.writeHead(200, { "Content-Type": "text/javascript" }).end(asset);
    for (const [prefix, folder] of Object.entries(folders)) {
      if (path.startsWith(prefix))
        return sendFile(join(folder, normalize(path.slice(prefix.length))), request, response);
    }
    if (!path.endsWith("/index.html")) return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    versions,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * Opens a side's page in a new browser with a new profile on disk, as a window has that is not private: those keep their files in memory.
 *
 * @returns {Promise<{ version: string, call: (name: string, options?: object) => Promise<any>, close: () => Promise<void> }>} `call` runs
 * a function of the page, and fails with the page's own error.
 */
export async function openSide(origin, name) {
  const executablePath = process.env.CHROMIUM_PATH ?? programs.find(existsSync);
  if (!executablePath) throw new Error("No Chromium found; install it, or set CHROMIUM_PATH to its program.");
  const profile = await mkdtemp(join(tmpdir(), "bench-web-"));
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser = await chromium.launchPersistentContext(profile, { executablePath, args });
  const close = async () => {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  };
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    const failed = new Promise((_, reject) => {
      page.on("pageerror", (error) => reject(new Error(`${name}: the page failed: ${error.stack ?? error.message}`)));
      page.on("crash", () => reject(new Error(`${name}: the page crashed, perhaps for want of memory.`)));
    });
    failed.catch(() => undefined);
    await page.goto(`${origin}/${name}/index.html`);
    await Promise.race([failed, page.waitForFunction("globalThis.bench")]);
    if (!(await page.evaluate("crossOriginIsolated")))
      throw new Error(`${name}: the page is not isolated; no threads.`);
    return {
      version: browser.browser()?.version() ?? "",
      call: (operation, options) =>
        Promise.race([failed, page.evaluate(`globalThis.bench.${operation}(${JSON.stringify(options) ?? ""})`)]),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
