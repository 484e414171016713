import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { call, type BrowserPage } from "@smolvlm/tooling/browser-page";
import { HubServer, noise, sha256 } from "../node/testing/hub-server.js";
import { PIECE_BYTES } from "./piece-store.js";
import { openTestPage } from "./testing/open-test-page.js";
import type { ReadReport, ReadRequest } from "./testing/page.js";

const weights = noise(2 * PIECE_BYTES + 12_345);
const files = { "config.json": "{}", "model.safetensors": weights };
const all = ["config.json", "model.safetensors"];
const hash = (offset: number, length: number): string => sha256(weights.subarray(offset, offset + length));
const whole = ["model.safetensors", 0, weights.length] as const;
const fast = { retries: 2, retryDelay: 10, timeout: 2000 };

let opened: BrowserPage;
let server: HubServer;

beforeAll(async () => {
  opened = await openTestPage();
}, 60_000);
afterAll(() => opened[Symbol.asyncDispose]());
beforeEach(async () => {
  server = await HubServer.start({ "org/name": { files } });
});
afterEach(async () => {
  await call(opened.page, "clearStored");
  await server[Symbol.asyncDispose]();
});

/** Opens the test repository in the page. */
function read(request: Omit<ReadRequest, "reference"> = {}, reference = "org/name"): Promise<ReadReport> {
  const options = { endpoint: server.endpoint, ...fast, ...request.options };
  return call<ReadReport>(opened.page, "read", { ...request, reference, options });
}

const weightRequests = (): number =>
  server.seen.filter(({ host, method }) => host === "cdn" && method === "GET").length;

describe("a repository", () => {
  test("is fetched in pieces, with exact progress, and not again", async () => {
    const first = await read({ prefetch: all, reads: [whole] });
    expect(first).toMatchObject({ id: "org/name@main", list: all, hashes: [hash(0, weights.length)], fallbacks: [] });
    const total = weights.length + 2;
    expect(first.progress[0]).toEqual({ loaded: 0, total });
    expect(first.progress.at(-1)).toEqual({ loaded: total, total });
    expect(first.progress.every(({ loaded }, index) => loaded >= (first.progress[index - 1]?.loaded ?? 0))).toBe(true);
    expect(weightRequests()).toBe(3);

    server.seen.length = 0;
    const second = await read({ prefetch: all, reads: [whole] });
    expect(second).toMatchObject({ hashes: first.hashes, progress: [] });
    expect(server.fileRequests).toEqual([]);
  });

  test("a read of a range fetches only the piece that it is in, where nothing is kept", async () => {
    const at = PIECE_BYTES + 100;
    const report = await read({ options: { keep: false }, reads: [["model.safetensors", at, 50]] });
    expect(report.hashes).toEqual([hash(at, 50)]);
    expect(server.seen.filter(({ host }) => host === "cdn").map(({ range }) => range)).toEqual([
      `bytes=${PIECE_BYTES}-${2 * PIECE_BYTES - 1}`,
    ]);
    expect(await call(opened.page, "listStored")).toEqual([]);
  });

  test("works without network once it was loaded", async () => {
    const first = await read({ prefetch: all });
    server.fault = () => ({ status: 503 });
    const again = await read({ reads: [whole], options: { retries: 0 } });
    expect(again).toMatchObject({ revision: first.revision, hashes: [hash(0, weights.length)] });
    server.seen.length = 0;
    expect((await read({ reads: [whole], options: { offline: true } })).hashes).toEqual(again.hashes);
    expect(server.seen).toEqual([]);
    await call(opened.page, "clearStored");
    expect((await read({ options: { offline: true } })).error?.name).toBe("OfflineError");
  });

  test("a dropped connection goes on where it broke", async () => {
    server.fault = ({ host }, count) => (host === "cdn" && count === 0 ? { dropAfter: 1_000_000 } : undefined);
    const report = await read({ prefetch: all, reads: [whole] });
    expect(report.hashes).toEqual([hash(0, weights.length)]);
    const ranges = server.seen
      .filter(({ host }) => host === "cdn")
      .map(({ range }) => Number(/\d+/.exec(range ?? "")?.[0]));
    expect(ranges.filter((start) => start % PIECE_BYTES !== 0)).toHaveLength(1);
    expect(ranges.every((start) => start % PIECE_BYTES === 0 || start % PIECE_BYTES > 500_000)).toBe(true);
  });

  test("what was fetched before it broke off is not fetched again", async () => {
    const last = (range: string | undefined): boolean => range?.startsWith(`bytes=${2 * PIECE_BYTES}-`) ?? false;
    server.fault = ({ range }) => (last(range) ? { status: 500 } : undefined);
    // Time enough for the others to be there when this one is given up.
    const broken = await read({ prefetch: all, options: { retryDelay: 300 } });
    expect(broken.error).toMatchObject({ name: "HubError" });
    server.fault = () => undefined;
    server.seen.length = 0;
    const report = await read({ prefetch: all, reads: [whole] });
    expect(report.hashes).toEqual([hash(0, weights.length)]);
    expect(server.seen.filter(({ host }) => host === "cdn").every(({ range }) => last(range))).toBe(true);
    expect(report.progress[0]?.total).toBe(12_345);
  });

  test("a server without ranges sends all of it once", async () => {
    server.fault = ({ host }) => (host === "cdn" ? { ignoreRange: true } : undefined);
    const report = await read({ prefetch: all, reads: [whole] });
    expect(report.hashes).toEqual([hash(0, weights.length)]);
    expect(report.progress.at(-1)).toEqual({ loaded: weights.length + 2, total: weights.length + 2 });
    const unkept = await read({ reads: [whole], options: { keep: false } });
    expect(unkept.hashes).toEqual([hash(0, weights.length)]);
  });

  test("a server without ranges that breaks off begins again, and what was whole counts once", async () => {
    const dropAfter = PIECE_BYTES + 1000;
    server.fault = ({ host }) => (host === "cdn" ? { ignoreRange: true, dropAfter } : undefined);
    const broken = await read({ prefetch: all });
    expect(broken.error?.name).toBe("NetworkError");
    server.fault = ({ host }) => (host === "cdn" ? { ignoreRange: true } : undefined);
    const report = await read({ prefetch: all, reads: [whole] });
    expect(report.hashes).toEqual([hash(0, weights.length)]);
    const total = weights.length - PIECE_BYTES;
    expect(report.progress[0]).toEqual({ loaded: 0, total });
    expect(report.progress.at(-1)).toEqual({ loaded: total, total });
  });

  test.each([
    ["another length", { contentLength: 2 * PIECE_BYTES }, "FileIntegrityError"],
    ["another range", { shiftRange: 7 }, "FileIntegrityError"],
    ["less than announced, every time", { endAfter: 0 }, "NetworkError"],
  ])("%s is a typed error", async (_, fault, name) => {
    server.fault = ({ host, range }) => (host === "cdn" && range ? fault : undefined);
    expect((await read({ prefetch: all })).error?.name).toBe(name);
  });

  test("status codes are typed errors", async () => {
    expect((await read({}, "org/none")).error?.name).toBe("RepositoryNotFoundError");
    expect((await read({}, "org/name@none")).error?.name).toBe("RevisionNotFoundError");
    server.repositories.set("org/gated", { files, gated: true });
    expect((await read({}, "org/gated")).error?.name).toBe("AccessDeniedError");
    server.fault = () => ({ status: 429, headers: { "retry-after": "3600" } });
    expect((await read()).error).toMatchObject({ name: "HubError", message: expect.stringContaining("429") as string });
  });

  test("the token goes to the endpoint and nowhere else", async () => {
    server.repositories.set("org/private", { files, token: "hf_secret" });
    const report = await read({ options: { token: "hf_secret" }, reads: [whole] }, "org/private");
    expect(report.hashes).toEqual([hash(0, weights.length)]);
    expect(server.seen.filter(({ host }) => host === "cdn").every(({ authorization }) => !authorization)).toBe(true);
  });

  test("stops when it is aborted", async () => {
    server.fault = ({ host }) => (host === "cdn" ? { stallAfter: 1000 } : undefined);
    const report = await read({ prefetch: all, abortAfter: 300 });
    expect(report.error?.name).toBe("TimeoutError");
  });
});

describe("a large file", () => {
  const large = noise(7.75 * PIECE_BYTES);
  const largeHash = sha256(large);
  const everything = ["model.safetensors", 0, large.length] as const;
  const asked = (): readonly (string | undefined)[] =>
    server.seen.filter(({ host, method }) => host === "cdn" && method === "GET").map(({ range }) => range);
  const rangeOf = (first: number, end: number): string =>
    `bytes=${first * PIECE_BYTES}-${Math.min(end * PIECE_BYTES, large.length) - 1}`;
  beforeEach(() => {
    server.repositories.set("org/name", { files: { ...files, "model.safetensors": large } });
  });

  test("that is read on and not kept is fetched once, several pieces with one request", async () => {
    const half = PIECE_BYTES / 2;
    const reads = Array.from({ length: 15 }, (_, index): [string, number, number] => {
      const at = index * half;
      return ["model.safetensors", at, Math.min(half, large.length - at)];
    });
    const report = await read({ options: { keep: false }, reads });
    expect(report.hashes).toEqual(reads.map(([, at, length]) => sha256(large.subarray(at, at + length))));
    expect(asked()).toEqual([rangeOf(0, 1), rangeOf(1, 5), rangeOf(5, 8)]);
  });

  test("that is not kept has what is held of it at hand, and fetches nothing for a part of that", async () => {
    const held = [PIECE_BYTES + 5, PIECE_BYTES] as const;
    const row: [string, number, number] = ["model.safetensors", held[0] + 1000, 50];
    const bytes = new Uint8Array(12 * PIECE_BYTES);
    bytes.set(large);
    server.repositories.set("org/name", { files: { ...files, "model.safetensors": bytes } });
    // More than the last pieces that stay in the page anyway.
    const reads = [["model.safetensors", 0, bytes.length] as const, row];
    const report = await read({ options: { keep: false }, hold: [held], reads });
    expect(report.hashes).toEqual(reads.map(([, at, length]) => sha256(bytes.subarray(at, at + length))));
    const requests = asked();
    expect(requests).toHaveLength(4);
    const unheld = await read({ options: { keep: false }, reads });
    expect(unheld.hashes).toEqual(report.hashes);
    expect(asked()).toEqual([...requests, ...requests, rangeOf(1, 2)]);
  });

  test("that is not kept fetches the rest of what is held while nobody waits for it", async () => {
    const held = [4 * PIECE_BYTES - 7, 2 * PIECE_BYTES] as const;
    const report = await read({ options: { keep: false }, hold: [held], reads: [["model.safetensors", held[0], 5]] });
    expect(report.hashes).toEqual([sha256(large.subarray(held[0], held[0] + 5))]);
    const ranges = [rangeOf(3, 4), rangeOf(4, 5), rangeOf(5, 6)];
    await expect.poll(() => asked().length, { timeout: 5000 }).toBe(ranges.length);
    expect(asked()).toEqual(ranges);
    // What lies beside it, in one of its pieces, is read when a whole model is, and leaves the rest alone.
    const beside: [string, number, number] = ["model.safetensors", held[0] - 50, 50];
    await read({ options: { keep: false }, hold: [held], reads: [beside, ["model.safetensors", 0, 5]] });
    expect(asked()).toEqual([...ranges, rangeOf(3, 4), rangeOf(0, 1)]);
  });

  test("that is kept is fetched over all lines, and what was whole when one broke off is kept", async () => {
    // The request of the last pieces breaks far behind the first of them, since a browser drops what it had not given away by then, and
    // no other answers.
    const isLast = (range: string | undefined): boolean => Number(/\d+/.exec(range ?? "")?.[0]) >= 6 * PIECE_BYTES;
    server.fault = ({ range }, count) =>
      !isLast(range) ? undefined : count > 3 ? { status: 500 } : { dropAfter: 1.5 * PIECE_BYTES };
    const broken = await read({ prefetch: all, options: { retryDelay: 300 } });
    expect(broken.error).toMatchObject({ name: "HubError" });
    expect(asked().slice(0, 4).sort()).toEqual([rangeOf(0, 2), rangeOf(2, 4), rangeOf(4, 6), rangeOf(6, 8)].sort());
    server.fault = () => undefined;
    server.seen.length = 0;
    const report = await read({ prefetch: all, reads: [everything] });
    expect(report.hashes).toEqual([largeHash]);
    expect(asked()).toEqual([rangeOf(7, 8)]);
    const total = large.length - 7 * PIECE_BYTES;
    expect(report.progress[0]).toEqual({ loaded: 0, total });
    expect(report.progress.at(-1)).toEqual({ loaded: total, total });
  });
});

test("a page lists, measures and clears what is stored", async () => {
  const { revision } = await read({ prefetch: all });
  const stored = await call<readonly { id: string; revision: string; bytes: number }[]>(opened.page, "listStored");
  expect(stored).toMatchObject([{ id: "org/name@main", revision }]);
  expect(stored[0]?.bytes).toBeGreaterThan(weights.length);
  const size = await call<{ models: number; usage: number; persistent: boolean }>(opened.page, "measureStored");
  expect(size).toMatchObject({ models: stored[0]?.bytes, persistent: false });
  expect(size.usage).toBeGreaterThan(weights.length);
  await call(opened.page, "clearStored", revision);
  expect(await call(opened.page, "listStored")).toEqual([]);
});

test("files that the person has chosen are read where they are", async () => {
  for (const as of ["directory", "files"]) {
    const report = await call<ReadReport>(opened.page, "readLocal", {
      as,
      reference: "chosen",
      reads: [
        ["model.safetensors", 2, 3],
        ["none", 0, 1],
      ],
    });
    expect(report).toMatchObject({ list: all, hashes: [sha256(new TextEncoder().encode("igh")), undefined] });
    expect(report.revision).toMatch(/^folder-/);
  }
});

test("what cannot be opened says what can", async () => {
  const { error } = await read({}, "C:\\models");
  expect(error).toMatchObject({
    name: "InvalidArgumentError",
    message: expect.stringContaining("directory handle") as string,
  });
});
