import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelFileError } from "@smolvlm/contracts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeModelFolder, type FolderFile } from "./write-model-folder.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "smolvlm-folder-"));
});
afterEach(() => rm(root, { recursive: true }));

function file(path: string, pieces: readonly Uint8Array[], between: () => void = () => undefined): FolderFile {
  return {
    path,
    size: 4,
    async *pieces() {
      for (const piece of pieces) {
        yield piece;
        between();
      }
    },
  };
}
const halves = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)];

test("a folder appears with all of its files, which are reported as they are written", async () => {
  const loaded: number[] = [];
  const files = [file("a.bin", halves), file("onnx/b.bin", halves)];
  await writeModelFolder(join(root, "deep", "model"), files, { onProgress: (event) => loaded.push(event.loaded) });
  expect([...(await readFile(join(root, "deep", "model", "onnx", "b.bin")))]).toEqual([1, 2, 3, 4]);
  expect(loaded).toEqual([2, 4, 6, 8]);
  expect(await readdir(join(root, "deep"))).toEqual(["model"]);
});

test("an abort or a failure in the middle leaves nothing, and what was there before stays", async () => {
  const place = join(root, "model");
  await writeModelFolder(place, [file("old.bin", halves)]);
  const controller = new AbortController();
  const attempts: [FolderFile, AbortSignal | undefined][] = [
    [file("b.bin", halves, () => controller.abort()), controller.signal],
    [file("b.bin", [Uint8Array.of(1)]), undefined],
    [file("../b.bin", halves), undefined],
  ];
  for (const [bad, signal] of attempts) {
    const writing = writeModelFolder(place, [file("a.bin", halves), bad], { force: true, signal });
    const error = await writing.catch((cause: unknown) => cause);
    expect(error === controller.signal.reason || ModelFileError.isInstance(error)).toBe(true);
    expect(await readdir(root)).toEqual(["model"]);
    expect(await readdir(place)).toEqual(["old.bin"]);
  }
});

test("a check sees the whole folder before that is in its place, and what it refuses is not there", async () => {
  const place = join(root, "model");
  await writeModelFolder(place, [file("old.bin", halves)]);
  let seen: readonly string[] = [];
  const error = new ModelFileError("a.bin", "is not what it should be.");
  const check = async (folder: string): Promise<void> => {
    seen = await readdir(folder);
    expect(await readdir(place)).toEqual(["old.bin"]);
    throw error;
  };
  await expect(writeModelFolder(place, [file("a.bin", halves)], { force: true, check })).rejects.toBe(error);
  expect(seen).toEqual(["a.bin"]);
  expect([await readdir(root), await readdir(place)]).toEqual([["model"], ["old.bin"]]);
});
