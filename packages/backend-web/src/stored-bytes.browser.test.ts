import { fileURLToPath } from "node:url";
import { call, openBrowserPage, type BrowserPage } from "@smolvlm/tooling/browser-page";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StoredReport, StoredRequest } from "./testing/stored-worker.js";

const at = (name: string): string => fileURLToPath(new URL(`testing/${name}`, import.meta.url));
let opened: BrowserPage;
beforeAll(async () => {
  opened = await openBrowserPage({ entries: { page: at("stored-page.ts"), "stored-worker": at("stored-worker.ts") } });
}, 60_000);
afterAll(() => opened[Symbol.asyncDispose]());

const sizes = [4, 4, 2];
const ranges = [
  [0, 3],
  [3, 5],
  [2, 10],
  [9, 10],
  [5, 5],
] as const;
const ofFiles = [[0, 0, 0], [0, 1], [0, 0, 1, 1, 1, 1, 2, 2], [2], []];
const ofBlob = ranges.map(([start, end]) => Array.from({ length: end - start }, () => 99));

test.each<[string, Partial<StoredRequest>, readonly (readonly number[])[]]>([
  ["files are read across their ends", {}, ofFiles],
  ["files that others read too are read", { other: "beside others" }, ofFiles],
  ["files are read that somebody had alone for a moment", { other: "alone for a moment" }, ofFiles],
  ["the blob is read while somebody has a file alone", { other: "alone" }, ofBlob],
  ["the blob is read in browsers that open files for one alone", { hasNoModes: true }, ofBlob],
  ["the blob is read where there are no files", { sizes: [] }, ofBlob],
])("%s", async (_, request, parts) => {
  const report = await call<StoredReport>(opened.page, "readStored", { sizes, blobSize: 10, ranges, ...request });
  expect(report).toEqual({ parts, byteLength: 10, isClosed: true, problems: 0 });
});
