import { call } from "@smolvlm/tooling/browser-page";
import { expect, test } from "vitest";
import { nanoFiles, openNanoPage, wasmPaths } from "./testing/browser.js";
import type { AnswerRequest, GivenAnswer } from "./testing/page.js";

const request = {
  files: nanoFiles,
  options: { device: "wasm", threads: 1, wasmPaths, dtype: "int8" },
  conversations: [[{ role: "user", content: "What are you?" }]],
} satisfies AnswerRequest;

/** Answers with weights that have to be converted, and names the scripts that the page's own thread has loaded for it. */
async function answerAndScripts(
  isBlocked: boolean,
): Promise<{ readonly given: readonly GivenAnswer[]; readonly scripts: string; readonly workers: readonly string[] }> {
  await using opened = await openNanoPage({});
  const { page } = opened;
  const workers: string[] = [];
  page.on("worker", (worker) => workers.push(new URL(worker.url()).pathname));
  if (isBlocked) await page.route("**/convert-worker.js", (route) => route.fulfill({ status: 404 }));
  const given = await call<readonly GivenAnswer[]>(page, "answer", request);
  const urls = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  return { given, scripts: urls.join("\n"), workers };
}

test("workers convert weights, and where their script cannot be loaded the page does, with the same result", async () => {
  const inWorkers = await answerAndScripts(false);
  expect(inWorkers.workers).toContain("/convert-worker.js");
  // The page's thread never loads the code that converts.
  expect(inWorkers.scripts).not.toMatch(/convert-rows/);

  const inPage = await answerAndScripts(true);
  expect(inPage.scripts).toMatch(/convert-rows/);
  expect(inPage.given).toEqual(inWorkers.given);
  expect(inPage.given[0]?.tokenIds.length).toBeGreaterThan(1);
}, 180_000);
