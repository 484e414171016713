import { ModelFileError } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { memoryByteSource } from "./memory-byte-source.js";
import { memoryByteStore } from "./memory-byte-store.js";
import { memoryModelFiles } from "./memory-model-files.js";

async function* pieces(...lengths: number[]): AsyncGenerator<Uint8Array> {
  for (const length of lengths) yield new Uint8Array(length).fill(length);
}

test("memoryByteSource reads ranges without copying and refuses those that leave it", async () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const source = memoryByteSource(bytes, "weights");
  expect(source.size).toBe(4);
  expect(source.path).toBeUndefined();
  const part = await source.read(1, 2);
  expect([...part]).toEqual([2, 3]);
  expect(part.buffer).toBe(bytes.buffer);
  expect(await source.read(4, 0)).toHaveLength(0);
  for (const [offset, length] of [
    [3, 2],
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [NaN, 1],
    [0, 2 ** 60],
    [5, 0],
  ] as const) {
    await expect(source.read(offset, length)).rejects.toThrow(ModelFileError);
  }
  await expect(source.read(0, 1, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});

test("memoryModelFiles opens what it has, and its revision tells contents apart", async () => {
  const files = memoryModelFiles({ "config.json": "{}", "a/weights.bin": Uint8Array.of(1, 2) }, "test model");
  expect(files.id).toBe("test model");
  expect(await files.list()).toEqual(["a/weights.bin", "config.json"]);
  expect(new TextDecoder().decode(await (await files.open("config.json"))?.read(0, 2))).toBe("{}");
  expect(await files.open("missing")).toBeUndefined();
  expect(await files.open("toString")).toBeUndefined();
  await files.prefetch(["missing"]);
  const revisions = [
    { "config.json": "{}" },
    { "config.json": "{ }" },
    { "config.jso": "n{}" },
    { "config.json": "{}", b: "" },
    {},
  ].map((record) => memoryModelFiles(record).revision);
  expect(new Set(revisions).size).toBe(revisions.length);
  expect(memoryModelFiles({ b: "1", a: "2" }).revision).toBe(memoryModelFiles({ a: "2", b: "1" }).revision);
  // FNV-1a 64 of "a\0" "0\0" computed with exact integers: the two-halves arithmetic must agree.
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode("a\0" + "0\0"))
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & (2n ** 64n - 1n);
  expect(memoryModelFiles({ a: "" }).revision).toBe(`memory-${hash.toString(16).padStart(16, "0")}`);
});

test("memoryByteStore publishes only whole entries", async () => {
  const store = memoryByteStore();
  expect(await store.get("key")).toBeUndefined();
  const source = await store.put("key", 3, pieces(1, 2));
  expect([...(await source.read(0, 3))]).toEqual([1, 2, 2]);
  expect((await store.get("key"))?.size).toBe(3);
  await expect(store.put("short", 4, pieces(1, 2))).rejects.toThrow(/4 bytes were announced, but 3/);
  await expect(store.put("long", 2, pieces(1, 2))).rejects.toThrow(/nothing was stored/);
  await expect(store.put("aborted", 3, pieces(1, 2), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  for (const key of ["short", "long", "aborted"]) expect(await store.get(key)).toBeUndefined();
});
