import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { call, type BrowserPage } from "@smolvlm/tooling/browser-page";
import { HubServer, noise, sha256 } from "../node/testing/hub-server.js";
import { PIECE_BYTES } from "./piece-store.js";
import { openTestPage } from "./testing/open-test-page.js";
import type { ReadReport } from "./testing/page.js";

let opened: BrowserPage;
/** Several pieces of the store, none of which ends where one of these does. */
const entry = { key: "revision/language", count: 5, bytes: 3_500_001 };
const size = entry.count * entry.bytes;

beforeAll(async () => {
  opened = await openTestPage();
}, 60_000);
afterAll(() => opened[Symbol.asyncDispose]());
afterEach(async () => {
  await limitQuota(undefined);
  await call(opened.page, "clearStored");
});

async function limitQuota(quotaSize: number | undefined): Promise<void> {
  const session = await opened.page.context().newCDPSession(opened.page);
  const limit = quotaSize === undefined ? {} : { quotaSize };
  await session.send("Storage.overrideQuotaForOrigin", { origin: opened.origin, ...limit });
}

test.each([
  ["browser", "opfs", 3],
  ["opfs", "opfs", 3],
  ["cache", "cache", undefined],
])("the %s store keeps entries in %s", async (kind, place, files) => {
  const report = await call(opened.page, "putAndGet", { kind, ...entry });
  expect(report).toEqual({
    kind: place,
    fallbackReason: undefined,
    fallbacks: [],
    problem: undefined,
    files,
    own: size,
    later: size,
  });
});

test.each([
  ["a source that fails", { failAt: 3 }, "DataError"],
  ["too few bytes", { announced: size + 1 }, "ModelFileError"],
  ["too many bytes", { announced: size - 1 }, "ModelFileError"],
])("%s leaves nothing", async (_, fault, problem) => {
  const report = await call(opened.page, "putAndGet", { kind: "browser", ...entry, ...fault });
  expect(report).toMatchObject({ problem, own: undefined, later: undefined });
  expect(await call(opened.page, "listStored")).toEqual([]);
});

test("without room, an entry begun in the store ends in memory, and the page learns why", async () => {
  await limitQuota(PIECE_BYTES + 1_000_000);
  const report = await call(opened.page, "putAndGet", { kind: "browser", ...entry });
  const reason = expect.stringContaining("no room left") as string;
  expect(report).toEqual({
    kind: "memory",
    fallbackReason: reason,
    fallbacks: [reason],
    problem: undefined,
    files: undefined,
    own: size,
    later: undefined,
  });
  expect(await call(opened.page, "listStored")).toEqual([]);
});

test("without room, a model is read from the network, and the page learns why", async () => {
  const weights = noise(3 * PIECE_BYTES);
  await using server = await HubServer.start({ "org/name": { files: { "model.safetensors": weights } } });
  await limitQuota(PIECE_BYTES + 1_000_000);
  const report = await call<ReadReport>(opened.page, "read", {
    reference: "org/name",
    options: { endpoint: server.endpoint },
    reads: [["model.safetensors", 0, weights.length]],
  });
  expect(report.hashes).toEqual([sha256(weights)]);
  expect(report.fallbacks).toEqual([expect.stringContaining("no room left")]);
});
