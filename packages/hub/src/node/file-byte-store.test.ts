import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelFileError } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { StorageError } from "../errors.js";
import { fileByteStore } from "./file-byte-store.js";
import { fileProblem } from "./file-problem.js";
import { temporaryFolder } from "./testing/temporary-folder.js";

async function* pieces(...lengths: number[]): AsyncGenerator<Uint8Array> {
  for (const length of lengths) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield new Uint8Array(length).fill(length);
  }
}

async function newStore() {
  const folder = join(await temporaryFolder(), "not", "yet");
  return { folder, store: fileByteStore(folder), names: () => readdir(folder).catch(() => []) };
}

test("entries are kept in files, across stores", async () => {
  const { store, folder, names } = await newStore();
  expect(await store.get("org/name@rev/q8")).toBeUndefined();
  const source = await store.put("org/name@rev/q8", 30, pieces(10, 20));
  expect(source.size).toBe(30);
  expect(source.path).toMatch(/org-name-rev-q8\.[0-9a-f]{16}\.bin$/);
  const again = await fileByteStore(folder).get("org/name@rev/q8");
  expect([...((await again?.read(9, 2)) ?? [])]).toEqual([10, 20]);
  expect(await names()).toHaveLength(1);
});

test("keys of any kind give names of one part, and different keys different entries", async () => {
  const { store, folder, names } = await newStore();
  const keys = [
    "../../evil",
    "/etc/passwd",
    "a/b",
    "a-b",
    "a b",
    "x".repeat(5000),
    "ключ",
    "",
    ".",
    "CON",
    "a\0b",
    "A",
    "a",
  ];
  for (const [index, key] of keys.entries()) await store.put(key, index + 1, pieces(index + 1));
  expect(await names()).toHaveLength(keys.length);
  expect((await names()).every((name) => /^[\w.-]{1,200}$/.test(name))).toBe(true);
  for (const [index, key] of keys.entries()) {
    const source = await store.get(key);
    expect(source?.size).toBe(index + 1);
    expect(source?.path?.startsWith(folder)).toBe(true);
  }
});

test("whatever goes wrong, nothing remains", async () => {
  const { store, names } = await newStore();
  const controller = new AbortController();
  async function* aborting() {
    yield new Uint8Array(5);
    controller.abort();
    yield new Uint8Array(5);
  }
  async function* failing() {
    yield new Uint8Array(5);
    throw new ModelFileError("weights", "is damaged.", { cause: Object.assign(new TypeError(), { code: "EIO" }) });
  }
  await expect(store.put("k", 11, pieces(5, 5))).rejects.toThrow(/11 bytes were announced, but 10 were written/);
  await expect(store.put("k", 9, pieces(5, 5))).rejects.toThrow(/nothing was stored/);
  await expect(store.put("k", 10, aborting(), { signal: controller.signal })).rejects.toThrow(/abort/i);
  await expect(store.put("k", 10, failing())).rejects.toThrow("weights: is damaged.");
  await expect(store.put("k", 1, pieces(1), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  expect(await names()).toEqual([]);
  expect(await store.get("k")).toBeUndefined();
});

test("writers at once each publish a whole entry; the last one stays", async () => {
  const { store, names } = await newStore();
  await Promise.all(
    [1, 2, 3, 4].map((length) => store.put("same", 12, pieces(...new Array<number>(12 / length).fill(length)))),
  );
  const source = await store.get("same");
  const bytes = await source?.read(0, 12);
  expect(new Set(bytes).size).toBe(1);
  expect(await names()).toHaveLength(1);
});

test("a reader keeps its bytes when the entry is replaced by one of the same length", async () => {
  const { store } = await newStore();
  const first = await store.put("key", 2, pieces(2));
  await store.put("key", 2, pieces(1, 1));
  expect([...(await first.read(0, 2))]).toEqual([1, 1]);
});

test("a folder that cannot be written is explained", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "file"), "");
  const store = fileByteStore(join(folder, "file"));
  await expect(store.put("key", 1, pieces(1))).rejects.toThrow(StorageError);
  await expect(store.put("key", 1, pieces(1))).rejects.toThrow(/is not a folder, or something above it is not/);
  expect(await store.get("key")).toBeUndefined();
});

test("the system's codes are put into words, also from causes", () => {
  const failure = (code: string) => Object.assign(new TypeError(code), { code });
  expect(fileProblem(failure("ENOSPC"))).toMatch(/the disk is full; free some space/);
  expect(fileProblem(failure("EACCES"))).toMatch(/permission denied/);
  expect(fileProblem(failure("EROFS"))).toMatch(/read-only/);
  expect(fileProblem(new TypeError("x", { cause: failure("EMFILE") }))).toMatch(/too many files/);
  expect(fileProblem(failure("EODD"))).toBe("cannot be used: EODD");
  expect(fileProblem("text")).toBe("cannot be used: text.");
});
