import { rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelFileError } from "@smolvlm/contracts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileByteSource } from "./file-byte-source.js";
import { temporaryFolder } from "./testing/temporary-folder.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

async function savedFile(): Promise<string> {
  const path = join(await temporaryFolder(), "weights.bin");
  await writeFile(
    path,
    Uint8Array.from({ length: 100 }, (_, index) => index),
  );
  return path;
}

test("a file stays open for a moment after the last read, and is closed then", async () => {
  const path = await savedFile();
  const source = await fileByteSource(path);
  expect([...(await source.read(10, 3))]).toEqual([10, 11, 12]);
  await rm(path);
  // What is open is there although its name is gone.
  for (const offset of [20, 30]) {
    vi.advanceTimersByTime(400);
    expect([...(await source.read(offset, 2))]).toEqual([offset, offset + 1]);
  }
  vi.advanceTimersByTime(600);
  await expect(source.read(40, 1)).rejects.toSatisfy((error) => ModelFileError.isInstance(error));
});

test("a file that could not be opened is tried again at the next read", async () => {
  const path = await savedFile();
  const source = await fileByteSource(path);
  await rename(path, `${path}.away`);
  await Promise.all([0, 1].map((offset) => expect(source.read(offset, 1)).rejects.toThrow(/weights\.bin/)));
  await rename(`${path}.away`, path);
  expect([...(await source.read(7, 1))]).toEqual([7]);
});

test("reads at the same time do not disturb each other, nor does one that is aborted or out of range", async () => {
  const source = await fileByteSource(await savedFile());
  const reading = Array.from({ length: 50 }, async (_, index) => (await source.read(index, 50))[0]);
  const reason = new DOMException("enough", "AbortError");
  await expect(source.read(0, 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await expect(source.read(99, 2)).rejects.toThrow(/bytes 99–101/);
  expect(await Promise.all(reading)).toEqual([...Array(50).keys()]);
  vi.advanceTimersByTime(600);
  expect([...(await source.read(3, 1))]).toEqual([3]);
});

test("reads in this thread and in others give the same bytes, and say where a file has been cut", async () => {
  const path = await savedFile();
  const bytes = Uint8Array.from({ length: 60_000 }, (_, index) => index % 251);
  await writeFile(path, bytes);
  const source = await fileByteSource(path);
  for (const length of [1, 16_384, 16_385, 50_000]) {
    expect(Buffer.compare(await source.read(7, length), bytes.subarray(7, 7 + length))).toBe(0);
  }
  await truncate(path, 20_000);
  for (const [offset, length] of [
    [0, 30_000],
    [19_990, 20],
  ] as const) {
    await expect(source.read(offset, length)).rejects.toThrow(/ends at byte 20000/);
  }
  await expect(source.read(25_000, 1)).rejects.toThrow(/ends at byte 25000/);
});
