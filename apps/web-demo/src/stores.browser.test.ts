import { readFileSync, readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { nanoModelPath } from "@smolvlm/nano";
import { launchChromium } from "@smolvlm/tooling/chromium";
import { serveFolder, type StaticSite } from "@smolvlm/tooling/static-site";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { answerAsHub } from "./testing/answer-as-hub.js";
import { builtDemo, Demo } from "./testing/demo.js";

const SCENE = "A red heart, a yellow star, a blue circle and a green triangle.";
const names = readdirSync(nanoModelPath);

/** Requests for the large file, and whether its connection breaks halfway. */
const weights = { requests: 0, breaks: false };

/** A folder of model files as a server has them, with ranges; its connection breaks when a test says so. */
function respond(request: IncomingMessage, response: ServerResponse): boolean {
  const name = /^\/models\/mine\/([\w.]+)$/.exec(request.url ?? "")?.[1];
  if (name === undefined) return false;
  if (!names.includes(name)) return (response.writeHead(404).end(), true);
  const bytes = readFileSync(join(nanoModelPath, name));
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const body = bytes.subarray(Number(from), to === "" ? bytes.length : Number(to) + 1);
  response.writeHead(request.headers.range ? 206 : 200, {
    "Accept-Ranges": "bytes",
    "Content-Length": body.length,
    ETag: `"${name}-1"`,
    ...(request.headers.range && {
      "Content-Range": `bytes ${from}-${Number(from) + body.length - 1}/${bytes.length}`,
    }),
  });
  if (request.method === "HEAD") return (response.end(), true);
  const large = name === "model.safetensors" && body.length > 100_000;
  if (large) weights.requests++;
  // Half of it arrives, and then nothing any more.
  if (large && weights.breaks && weights.requests > 1) response.destroy();
  else if (large && weights.breaks) response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  else response.end(body);
  return true;
}

let browser: Browser;
let site: StaticSite;
beforeAll(async () => {
  browser = await launchChromium();
  site = await serveFolder(builtDemo, { respond });
});
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  weights.requests = 0;
  weights.breaks = false;
});

/** Opens the demo with the model at this name or address. */
function open(model: string, prepare?: (page: Page) => Promise<unknown>): Promise<Demo> {
  return Demo.open(browser, `${site.origin}/?model=${encodeURIComponent(model)}`, { serviceWorkers: "block" }, prepare);
}

test("a lost connection is a sentence; trying again goes on, and the next visit reads from the store", async () => {
  weights.breaks = true;
  await using demo = await open(`${site.origin}/models/mine`);
  expect(await demo.page.locator(".dock .notice p").textContent()).toContain("The connection broke off");
  await demo.shoot("lost-connection");
  weights.breaks = false;
  await demo.press("Try again");
  await demo.ready();

  const fetched = weights.requests;
  await demo.page.reload();
  await demo.ready();
  expect(weights.requests).toBe(fetched);
  await demo.press(/A drawn scene/);
  expect(await demo.answer()).toBe(SCENE);

  await demo.press(/^Model:/);
  const kept = demo.page.locator(".stored li");
  await kept.waitFor();
  expect(await kept.textContent()).toMatch(/models\/mine.*\d+(\.\d)? MB/);
  await demo.shoot("stored");
  await kept.getByRole("button", { name: "Remove" }).click();
  await demo.page.getByText("Nothing is kept yet.").waitFor();
}, 180_000);

test("without room the model is used from memory, and that is said", async () => {
  await using demo = await open(`${site.origin}/models/mine`, async (page) => {
    const protocol = await page.context().newCDPSession(page);
    await protocol.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 1000 });
  });
  await demo.ready();
  expect(await demo.page.locator(".dock .notice p").textContent()).toContain("The browser has no room left");
  await demo.shoot("no-quota");
  await demo.press(/A drawn scene/);
  expect(await demo.answer()).toBe(SCENE);
}, 180_000);

test("a model of the Hub is picked by its name, answers, and opens again without the Hub", async () => {
  let asked: readonly string[] = [];
  await using demo = await Demo.open(browser, site.origin, { serviceWorkers: "block" }, async (page) => {
    asked = await answerAsHub(page, "someone/nano-tuned", nanoModelPath);
  });
  await demo.ready();
  await demo.press(/^Model:/);
  await demo.page.getByLabel(/From the Hugging Face Hub/).check();
  await demo.page.getByRole("textbox", { name: "Repository" }).fill("someone/nano-tuned");
  expect(await demo.page.getByLabel("Precision of the weights").inputValue()).toBe("auto");
  await demo.shoot("hub");
  await demo.page.getByRole("button", { name: "Load", exact: true }).click();
  await demo.page.getByRole("button", { name: "Model: someone/nano-tuned" }).waitFor();
  await demo.ready();
  expect(asked.filter((path) => path.endsWith("/model.safetensors")).length).toBeGreaterThan(0);
  await demo.press(/A drawn scene/);
  expect(await demo.answer()).toBe(SCENE);

  await demo.page.unroute("https://huggingface.co/**");
  await demo.page.route("https://huggingface.co/**", (route) => route.abort());
  await demo.page.goto(`${site.origin}/?model=someone%2Fnano-tuned`);
  await demo.ready();
  await demo.press(/A printed word/);
  expect(await demo.answer()).toBe('The sign says "HELLO".');
}, 180_000);

test("a repository that the Hub does not have is a sentence with a way out", async () => {
  await using demo = await open("nobody/nothing", (page) =>
    page.route("https://huggingface.co/**", (route) =>
      route.fulfill({
        status: 401,
        headers: { "X-Error-Code": "RepoNotFound", "Access-Control-Allow-Origin": "*" },
        json: { error: "Repository not found" },
      }),
    ),
  );
  expect(await demo.page.locator(".dock .notice p").textContent()).toMatch(/no such repository|Access was refused/);
  await demo.shoot("no-repository");
  await demo.press("Use the bundled model");
  await demo.ready();
}, 180_000);

test("a folder of one's own is opened where it is", async () => {
  await using demo = await Demo.open(browser, site.origin, { serviceWorkers: "block" });
  await demo.ready();
  await demo.press(/^Model:/);
  await demo.page.getByLabel(/A folder on this machine/).check();
  await demo.page.getByLabel("Pick a folder").setInputFiles(nanoModelPath);
  await demo.shoot("folder");
  await demo.page.getByRole("button", { name: "Load", exact: true }).click();
  await demo.page.getByRole("button", { name: "Model: model" }).waitFor();
  await demo.ready();
  await demo.press(/A printed word/);
  expect(await demo.answer()).toBe('The sign says "HELLO".');
}, 180_000);
