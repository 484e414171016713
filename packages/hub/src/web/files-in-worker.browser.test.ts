import { call, type BrowserPage } from "@smolvlm/tooling/browser-page";
import { expect, test } from "vitest";
import { HubServer, noise, sha256 } from "../node/testing/hub-server.js";
import { PIECE_BYTES } from "./piece-store.js";
import { openTestPage } from "./testing/open-test-page.js";
import type { ReadReport } from "./testing/page.js";

const entry = { kind: "browser", key: "revision/language", count: 5, bytes: 3_500_001 };
const size = entry.count * entry.bytes;
const weights = noise(3 * PIECE_BYTES + 99);
const temporary = ["smolvlm", ".temporary"];

/** The same page in another tab of the same browser. */
async function openAnother(page: BrowserPage["page"]): Promise<BrowserPage["page"]> {
  const [tab] = await Promise.all([page.waitForEvent("popup"), page.evaluate(() => void window.open(location.href))]);
  await tab.waitForFunction("globalThis.smolvlmTest");
  return tab;
}

test.each([
  ["by a worker, which others may open the files in", false, 3],
  ["by the page where the worker cannot be loaded, for nobody else to open", true, undefined],
])("entries are written %s", async (_, isBlocked, files) => {
  await using opened = await openTestPage();
  const { page } = opened;
  if (isBlocked) await page.route("**/file-worker.js", (route) => route.fulfill({ status: 404 }));
  const workers: string[] = [];
  page.on("worker", (worker) => workers.push(new URL(worker.url()).pathname));
  const report = await call(page, "putAndGet", entry);
  expect(report).toMatchObject({ kind: "opfs", fallbacks: [], files, own: size, later: size });
  expect(workers).toEqual(["/file-worker.js"]);
  // No draft is left.
  const [own = ""] = await call<readonly string[]>(page, "listFiles", temporary);
  expect(await call(page, "listFiles", [...temporary, own])).toEqual([]);
});

test("two pages that fetch and write the same at the same time both have it", async () => {
  await using server = await HubServer.start({ "org/name": { files: { "model.safetensors": weights } } });
  await using opened = await openTestPage();
  const second = await openAnother(opened.page);
  const request = {
    reference: "org/name",
    options: { endpoint: server.endpoint },
    prefetch: ["model.safetensors"],
    reads: [["model.safetensors", 0, weights.length]],
  };
  const reports = await Promise.all([opened.page, second].map((page) => call<ReadReport>(page, "read", request)));
  for (const { hashes, fallbacks, error } of reports) {
    expect({ hashes, fallbacks, error }).toEqual({ hashes: [sha256(weights)], fallbacks: [], error: undefined });
  }
  const entries = await Promise.all([opened.page, second].map((page) => call(page, "putAndGet", entry)));
  for (const each of entries) expect(each).toMatchObject({ fallbacks: [], own: size, later: size });
});

test.each([
  ["a worker", false],
  ["the page", true],
])("a piece that was replaced since it was looked up is read by %s as it is now", async (_, isBlocked) => {
  await using opened = await openTestPage();
  const { page } = opened;
  if (isBlocked) await page.route("**/file-worker.js", (route) => route.fulfill({ status: 404 }));
  const piece = [1, 2, 3, 4];
  expect(await call(page, "readReplaced", [piece, piece])).toEqual([2, 3]);
  expect(await call(page, "readReplaced", [piece, piece, piece])).toEqual([2, 3]);
  // One of another length is not the same; the worker opens it by its name and may read of it what was asked for.
  if (isBlocked) expect(await call(page, "readReplaced", [piece, [5, 6]])).toMatch(/changed or deleted/);
  expect(await call(page, "readReplaced", [piece])).toMatch(/changed or deleted/);
});

test("a page leaves a folder of drafts, which the next one deletes when the page is gone", async () => {
  await using opened = await openTestPage();
  await call(opened.page, "makeFolder", [...temporary, "of-a-page-that-is-gone"]);
  await call(opened.page, "putAndGet", entry);
  const [own, ...others] = await call<readonly string[]>(opened.page, "listFiles", temporary);
  expect(others).toEqual([]);
  const second = await openAnother(opened.page);
  await call(second, "putAndGet", { ...entry, key: "other/language" });
  const both = await call<readonly string[]>(second, "listFiles", temporary);
  expect(both).toHaveLength(2);
  expect(both).toContain(own);
  expect(await call(second, "listStored")).toMatchObject([{ bytes: expect.any(Number) as number }, {}]);
});

test("a store that keeps nothing has entries for its page alone, and none among what is stored", async () => {
  await using opened = await openTestPage();
  const report = await call(opened.page, "putAndGet", { ...entry, keep: false });
  expect(report).toMatchObject({ kind: "opfs", fallbacks: [], files: 3, own: size, later: size });
  expect(await call(opened.page, "listStored")).toEqual([]);
  const second = await openAnother(opened.page);
  expect(await call(second, "putAndGet", { ...entry, keep: false, failAt: 0 })).toMatchObject({
    problem: "DataError",
    own: undefined,
  });
});

test("what a page is reading is deleted when it has read it", async () => {
  await using opened = await openTestPage();
  await call(opened.page, "putAndGet", entry);
  // Three pieces, and what says that they are all.
  expect(await call(opened.page, "holdOpen", { model: "revision", forMs: 500 })).toBe(4);
  await call(opened.page, "clearStored", "revision");
  expect(await call(opened.page, "listStored")).toEqual([]);
});
