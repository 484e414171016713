import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackendError, type ByteSource } from "@smolvlm/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { placeExternalWeights } from "./external-weights.js";

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "external-weights-")));
  for (const path of ["a/x", "a/y", "..b"]) await mkdir(join(folder, path), { recursive: true });
  for (const path of ["a/x/1", "a/x/2", "a/y/3", "..b/4"]) await writeFile(join(folder, path), "");
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const none = (): undefined => undefined;
const unread = (size: number, path?: string): ByteSource => ({
  size,
  path,
  read: () => Promise.reject(new BackendError("test", "this was to be left unread")),
});
const graphOf = (...sources: readonly ByteSource[]) => ({
  name: "test",
  model: new Uint8Array(),
  externalData: sources.map((source, index) => ({ location: `${index}.bin`, source })),
});
const place = (...sources: readonly ByteSource[]) => placeExternalWeights("test", graphOf(...sources), none, undefined);

test.each([
  [["a/x/1"], "a/x"],
  [["a/x/1", "a/x/2"], "a/x"],
  [["a/x/1", "a/y/3"], "a"],
  [["a/y/3", "..b/4", "a/x/1"], ""],
])("files %s are mapped below their nearest common folder", async (paths, expected) => {
  const placed = await place(...paths.map((path) => unread(9, join(folder, path))));
  expect(placed.folder).toBe(join(folder, expected));
  expect(placed.weights).toEqual([]);
});

test("sources that are not files are read in pieces, into memory of their own", async () => {
  const bytes = new Uint8Array(100 * 2 ** 20);
  bytes[bytes.length - 1] = 7;
  const reads: number[] = [];
  const loaded: number[] = [];
  const source: ByteSource = {
    size: bytes.length,
    read: async (offset, length) => {
      reads.push(length);
      return bytes.subarray(offset, offset + length);
    },
  };
  const { weights } = await placeExternalWeights("test", graphOf(source), (sum) => loaded.push(sum), undefined);
  expect(reads).toEqual([64 * 2 ** 20, 36 * 2 ** 20]);
  expect(loaded).toEqual([64 * 2 ** 20, 100 * 2 ** 20]);
  expect(weights[0]?.data.at(-1)).toBe(7);
  // Compared outside expect(), which would print 100 MiB.
  expect(weights[0]?.data.buffer === bytes.buffer).toBe(false);
});

test("what claims to be too large for memory is refused before anything is allocated", async () => {
  await expect(place(unread(2 ** 32 + 1))).rejects.toThrow(/0\.bin has 4294967297 bytes.*save it to a local file/);
  await expect(place(unread(2 ** 30 + 1), unread(9, join(folder, "a/x/1")))).rejects.toThrow(BackendError);
});

test("an abort between two pieces stops reading", async () => {
  const abort = new AbortController();
  const source: ByteSource = {
    size: 100 * 2 ** 20,
    read: async (_, length) => {
      abort.abort();
      return new Uint8Array(length);
    },
  };
  await expect(placeExternalWeights("test", graphOf(source), none, abort.signal)).rejects.toBe(abort.signal.reason);
});
