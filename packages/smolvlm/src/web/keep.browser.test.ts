import { call, type BrowserPage } from "@smolvlm/tooling/browser-page";
import { expect, test } from "vitest";
import { nanoFiles, openNanoPage, wasmPaths } from "./testing/browser.js";
import type { AnswerRequest, GivenAnswer } from "./testing/page.js";

type Page = BrowserPage["page"];

/** Weights that have to be converted. */
const request = (keep: boolean): AnswerRequest => ({
  files: nanoFiles,
  options: { device: "wasm", threads: 1, wasmPaths, dtype: "int8", keep },
  conversations: [[{ role: "user", content: "What are you?" }]],
});

const answer = (page: Page, keep: boolean): Promise<readonly GivenAnswer[]> => call(page, "answer", request(keep));

/** All files of the origin's private file system with their bytes, by path. */
async function storedFiles(page: Page): Promise<Readonly<Record<string, number>>> {
  return page.evaluate(async () => {
    const found: Record<string, number> = {};
    async function visit(folder: FileSystemDirectoryHandle, path: string): Promise<void> {
      for await (const handle of folder.values()) {
        if (handle.kind === "directory") await visit(handle as FileSystemDirectoryHandle, `${path}${handle.name}/`);
        else found[path + handle.name] = (await (handle as FileSystemFileHandle).getFile()).size;
      }
    }
    await visit(await navigator.storage.getDirectory(), "");
    return found;
  });
}

test("converted weights are kept for the next load, or with keep: false deleted once they are loaded", async () => {
  await using opened = await openNanoPage({});
  const { page } = opened;
  const unkept = await answer(page, false);
  expect(unkept[0]?.tokenIds.length).toBeGreaterThan(1);
  expect(await storedFiles(page)).toEqual({});

  const workers: string[] = [];
  page.on("worker", (worker) => workers.push(new URL(worker.url()).pathname));
  expect(await answer(page, true)).toEqual(unkept);
  const kept = await storedFiles(page);
  expect(Object.keys(kept).filter((path) => path.includes("weights"))).not.toEqual([]);
  expect(workers).toContain("/convert-worker.js");

  workers.length = 0;
  expect(await answer(page, true)).toEqual(unkept);
  expect(await storedFiles(page)).toEqual(kept);
  expect(workers).not.toContain("/convert-worker.js");
}, 180_000);

test("two tabs that load the same model at once both answer", async () => {
  await using opened = await openNanoPage({});
  const { page } = opened;
  const [second] = await Promise.all([
    page.waitForEvent("popup"),
    page.evaluate(() => void window.open(location.href)),
  ]);
  await second.waitForFunction("globalThis.smolvlmTest");
  const [first, other] = await Promise.all([answer(page, true), answer(second, true)]);
  expect(first[0]?.tokenIds.length).toBeGreaterThan(1);
  expect(other).toEqual(first);
  // Weights that are there already are read by both.
  const again = await Promise.all([answer(page, true), answer(second, true)]);
  expect(again).toEqual([first, first]);
}, 180_000);
