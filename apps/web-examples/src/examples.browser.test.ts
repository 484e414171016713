import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromiumPath, containerArguments, launchChromium } from "@smolvlm/tooling/chromium";
import { isolation, serveFolder, type StaticSiteOptions } from "@smolvlm/tooling/static-site";
import { chromium, type Browser } from "playwright-core";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import webpack from "webpack";

const ANSWER = "A red heart, a yellow star, a blue circle and a green triangle.";
const here = fileURLToPath(new URL("..", import.meta.url));
const packageFolder = (name: string): string => dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`)));
const runtimeFiles = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));

let folder: string;
let browser: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smolvlm-examples-"));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What Chromium calls an unpacked extension: the hash of its folder, in letters. */
function extensionId(root: string): string {
  const hash = createHash("sha256").update(realpathSync(root)).digest("hex").slice(0, 32);
  return [...hash].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join("");
}

/** Opens a built example, and gives the texts of its outputs once they are all there. */
async function outputs(root: string, options: StaticSiteOptions = {}): Promise<Record<string, string>> {
  await using site = await serveFolder(root, options);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(site.origin);
    await page.waitForFunction(() => {
      const all = [...document.querySelectorAll("output")];
      return all.every(({ value, dataset }) => value !== "" && dataset["done"] !== "false");
    });
    return await page.evaluate(() =>
      Object.fromEntries([...document.querySelectorAll("output")].map((output) => [output.id, output.value.trim()])),
    );
  } finally {
    await context.close();
  }
}

/** The copies that the README tells one to make. */
function withoutBundler(example: string): string {
  const root = join(folder, example);
  cpSync(join(here, example), root, { recursive: true });
  cpSync(join(packageFolder("smolvlm"), "dist/browser"), join(root, "smolvlm"), { recursive: true });
  for (const part of ["dist/web", "model", "examples"]) {
    cpSync(join(packageFolder("@smolvlm/nano"), part), join(root, "nano", part), { recursive: true });
  }
  for (const file of ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
    cpSync(join(runtimeFiles, file), join(root, "smolvlm", file));
  }
  return root;
}

describe("Vite", () => {
  let root: string;
  beforeAll(async () => {
    root = join(folder, "vite");
    const build = { outDir: root, target: "es2022", emptyOutDir: true };
    await viteBuild({ root: join(here, "vite"), base: "./", logLevel: "error", build, worker: { format: "es" } });
  }, 60_000);

  test("answers in the page, in a worker of the page's own, and with threads", async () => {
    expect(await outputs(root, { headers: isolation })).toEqual({
      page: `${ANSWER} (wasm, threads: 1)`,
      worker: `${ANSWER} (wasm, threads: 1)`,
      threads: `${ANSWER} (wasm, threads: 2)`,
    });
  });

  test("nothing of Node is in what it built", () => {
    expect(readdirSync(join(root, "assets")).filter((name) => /sharp|onnxruntime-node/.test(name))).toEqual([]);
  });
});

test("webpack answers with a configuration that names the entry and nothing else", async () => {
  const root = join(folder, "webpack");
  const config = { mode: "production", entry: "./page.js", context: join(here, "webpack") } as const;
  const problems = await new Promise<string | undefined>((resolve) => {
    webpack({ ...config, output: { path: root }, performance: false }, (error, stats) => {
      resolve(error?.message ?? stats?.toString("errors-only"));
    });
  });
  expect(problems).toBe("");
  cpSync(join(here, "webpack/index.html"), join(root, "index.html"));
  expect(await outputs(root)).toEqual({ page: ANSWER });
}, 90_000);

describe("without a bundler", () => {
  test("an import map is enough, also under a strict content security policy", async () => {
    const policy = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; img-src 'self' blob:";
    expect(await outputs(withoutBundler("import-map"), { headers: { "Content-Security-Policy": policy } })).toEqual({
      page: ANSWER,
    });
  });

  test("a policy without wasm-unsafe-eval is named in one sentence", async () => {
    const policy = "default-src 'self'; script-src 'self' 'unsafe-inline'";
    const { page } = await outputs(withoutBundler("import-map"), { headers: { "Content-Security-Policy": policy } });
    expect(page).toMatch(/^failed: [^\n]*allow 'wasm-unsafe-eval' in script-src\.$/);
  });

  test("an extension's page answers", async () => {
    const root = withoutBundler("extension");
    const profile = join(folder, "profile");
    mkdirSync(profile);
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath(),
      args: [...containerArguments, `--disable-extensions-except=${root}`, `--load-extension=${root}`],
    });
    try {
      const page = await context.newPage();
      await page.goto(`chrome-extension://${extensionId(root)}/page.html`);
      await page.waitForSelector("output[data-done]");
      expect((await page.locator("output").textContent())?.trim()).toBe(ANSWER);
    } finally {
      await context.close();
    }
  });
});
