import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BackendError } from "@smolvlm/contracts";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";

const candidates = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];
const runtimeFiles = join(dirname(fileURLToPath(import.meta.resolve("onnxruntime-web/wasm"))));
const here = dirname(fileURLToPath(import.meta.url));

/** The browser's program: CHROMIUM_PATH, or where distributions put it. */
function chromiumPath(): string {
  const path = process.env["CHROMIUM_PATH"] ?? candidates.find(existsSync);
  if (path !== undefined) return path;
  throw new BackendError("browser tests", "no Chromium found; install it, or set CHROMIUM_PATH to its program.");
}

/** The test page in a real Chromium, and how to end it. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
}

/**
 * Opens the test page.
 *
 * @param isolated whether it is served so that it is cross-origin isolated.
 * @param gpu whether WebGPU is there, computed by SwiftShader.
 */
export async function openTestPage({ isolated = false, gpu = false } = {}): Promise<TestPage> {
  const { outputFiles } = await build({
    entryPoints: { page: join(here, "page.ts"), worker: join(here, "../worker.ts") },
    bundle: true,
    splitting: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "/",
    alias: { vitest: join(here, "vitest-in-page.ts") },
    // ONNX Runtime's files are served beside the bundle, as threads need them.
    conditions: ["onnxruntime-web-use-extern-wasm"],
    logLevel: "error",
  });
  const assets = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
  const server = createServer(({ url = "/" }, response) => {
    const headers = isolated
      ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
      : {};
    const type = url.endsWith("js") ? "text/javascript" : url.endsWith(".wasm") ? "application/wasm" : "text/html";
    const file = /^\/(ort-wasm[\w.-]+)$/.exec(url)?.[1];
    const body =
      file === undefined
        ? (assets.get(url) ?? '<!doctype html><script type="module" src="/page.js"></script>')
        : readFileSync(join(runtimeFiles, file));
    response.writeHead(200, { ...headers, "Content-Type": type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      ...(gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : []),
    ],
  });
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error("page:", error.message));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.smolvlmTest");
  return {
    page,
    async [Symbol.asyncDispose]() {
      await browser.close();
      server.close();
    },
  };
}

/** URLs of ONNX Runtime's files on the test page's server. */
export const wasmPaths = Object.fromEntries(
  (["wasm", "webgpu"] as const).map((device) => {
    const name = `/ort-wasm-simd-threaded${device === "webgpu" ? ".asyncify" : ""}`;
    return [device, { mjs: `${name}.mjs`, wasm: `${name}.wasm` }];
  }),
);

/** Calls a function of the test page; `argument` and the answer are JSON. */
export async function call<T>(page: Page, name: string, argument: unknown): Promise<T> {
  return page.evaluate(`globalThis.smolvlmTest.${name}(${JSON.stringify(argument)})`);
}
