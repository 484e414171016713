import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelFileError } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { fileByteSource } from "./file-byte-source.js";
import { folderModelFiles, listFolder } from "./folder-model-files.js";
import { openModel } from "./open-model.js";
import { temporaryFolder } from "./testing/temporary-folder.js";

async function modelFolder(): Promise<string> {
  const folder = join(await temporaryFolder(), "model");
  await mkdir(join(folder, "sub", "deep"), { recursive: true });
  await mkdir(join(folder, ".cache"));
  await writeFile(join(folder, "config.json"), "{}");
  await writeFile(join(folder, "sub", "deep", "weights.bin"), "0123456789");
  await writeFile(join(folder, ".cache", "hidden"), "");
  await writeFile(join(folder, ".gitattributes"), "");
  return folder;
}

test("a folder's files are listed and read by position", async () => {
  const folder = await modelFolder();
  const files = await openModel(folder);
  expect(files.id).toBe(folder);
  expect(await files.list()).toEqual(["config.json", "sub/deep/weights.bin"]);
  const source = await files.open("sub/deep/weights.bin");
  expect(source).toMatchObject({ size: 10, path: join(folder, "sub", "deep", "weights.bin") });
  expect(new TextDecoder().decode(await source?.read(3, 4))).toBe("3456");
  expect(await source?.read(10, 0)).toHaveLength(0);
  await expect(source?.read(8, 3)).rejects.toThrow(/sub\/deep\/weights.bin: bytes 8–11 were asked for, but it has 10/);
  expect(await files.open("missing.json")).toBeUndefined();
  expect(await files.open("config.json/x")).toBeUndefined();
  expect(await files.open("sub")).toBeUndefined();
  await files.prefetch(["config.json", "missing.json"]);
  await expect(files.open("config.json", { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});

test("paths that lead out of the folder are refused", async () => {
  const folder = await modelFolder();
  await writeFile(join(folder, "..", "secret"), "x");
  const files = await folderModelFiles(folder);
  for (const path of [
    "../secret",
    "sub/../../secret",
    "/etc/passwd",
    "..",
    ".",
    "",
    "sub//x",
    "a\\..\\b",
    "C:x",
    "a\0b",
    "x".repeat(2000),
  ]) {
    await expect(files.open(path), path).rejects.toThrow(/not a path within the model's folder/);
    await expect(files.prefetch([path]), path).rejects.toThrow(ModelFileError);
  }
});

test("links are followed; broken and circular ones are explained", async () => {
  const folder = await modelFolder();
  const outside = join(folder, "..", "blob");
  await writeFile(outside, "linked");
  await symlink(join("..", "blob"), join(folder, "model.safetensors"));
  await symlink("nowhere", join(folder, "broken.json"));
  await symlink(".", join(folder, "loop"));
  await symlink("self", join(folder, "self"));
  const files = await folderModelFiles(folder);
  expect(await files.list()).toEqual(["config.json", "model.safetensors", "sub/deep/weights.bin"]);
  expect((await files.open("model.safetensors"))?.size).toBe(6);
  await expect(files.open("broken.json")).rejects.toThrow(/symbolic link to a file that does not exist/);
  await expect(files.open("self")).rejects.toThrow(/link that leads back to itself/);
});

test("the revision changes with names, sizes and times, and with nothing else", async () => {
  const folder = await modelFolder();
  const revision = async (): Promise<string> => (await folderModelFiles(folder)).revision;
  const revisions = [await revision()];
  expect(await revision()).toBe(revisions[0]);
  await writeFile(join(folder, ".hidden"), "x");
  expect(await revision()).toBe(revisions[0]);
  await utimes(join(folder, "config.json"), 1, 1);
  revisions.push(await revision());
  await writeFile(join(folder, "sub", "new"), "");
  revisions.push(await revision());
  expect(new Set(revisions).size).toBe(3);
});

test("what is no folder is explained", async () => {
  const folder = await modelFolder();
  await expect(openModel(join(folder, "config.json"))).rejects.toThrow(/config.json: is a file; give the folder/);
  await expect(openModel("./no/such/folder")).rejects.toThrow(/\.\/no\/such\/folder: this folder does not exist/);
  await expect(folderModelFiles(join(folder, "nope"))).rejects.toThrow(/does not exist/);
  await expect(openModel("")).rejects.toThrow(/found an empty string/);
});

test("a folder may be given as a file URL", async () => {
  const folder = await modelFolder();
  const files = await openModel(new URL(`file://${folder}`));
  expect(await files.list()).toContain("config.json");
});

test("a folder of too many files is refused, also when they are spread", async () => {
  const folder = await modelFolder();
  expect(await listFolder(folder, "mine", {}, 4)).toHaveLength(2);
  await expect(listFolder(folder, "mine", {}, 1)).rejects.toThrow(/mine: holds more than 1 files/);
  await writeFile(join(folder, "sub", "deep", "second"), "");
  await expect(listFolder(folder, "mine", {}, 2)).rejects.toThrow(/more than 2 files/);
});

test("a file that shrinks or vanishes while open is an error, not garbage", async () => {
  const path = join(await temporaryFolder(), "weights.bin");
  await writeFile(path, "0123456789");
  const source = await fileByteSource(path, "weights.bin");
  await writeFile(path, "01234");
  await expect(source.read(0, 10)).rejects.toThrow(/weights.bin: ends at byte 5 although it had 10/);
  expect(await source.read(0, 5)).toHaveLength(5);
  await expect(fileByteSource(join(path, "x"))).rejects.toThrow(/is not a folder/);
  await expect(fileByteSource("/")).rejects.toThrow(/is not a file/);
});
