import { lstat, mkdir, readFile, readdir, readlink, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelFiles, ProgressEvent } from "@smolvlm/contracts";
import { onTestFinished, expect, test } from "vitest";
import { OfflineError } from "../errors.js";
import { openModel, type OpenModelOptions } from "./open-model.js";
import { commitOf, gitBlob, HubServer, noise, sha256, type ServedRepository } from "./testing/hub-server.js";
import { temporaryFolder } from "./testing/temporary-folder.js";

const weights = noise(200_000);
const config = '{"model_type":"smolvlm"}';
const repository: ServedRepository = {
  files: {
    "config.json": config,
    "generation_config.json": "{}",
    "model.safetensors": weights,
    "README.md": "# model",
    "onnx/model.onnx": noise(5000, 2),
    "empty.txt": "",
  },
  refs: { "refs/pr/1": commitOf("b"), "v1.0": commitOf("a") },
};

async function start(served = repository): Promise<{ server: HubServer; options: OpenModelOptions; cacheDir: string }> {
  const server = await HubServer.start({ "org/name": served });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const cacheDir = await temporaryFolder();
  const options = { cacheDir, endpoint: server.endpoint, token: false, offline: false, retryDelay: 1 } as const;
  return { server, options, cacheDir };
}

async function bytesOf(files: ModelFiles, path: string): Promise<Uint8Array | undefined> {
  const source = await files.open(path);
  return source?.read(0, source.size);
}

async function hashOf(files: ModelFiles, path: string): Promise<string | undefined> {
  const bytes = await bytesOf(files, path);
  return bytes && sha256(bytes);
}

async function text(files: ModelFiles, path: string): Promise<string | undefined> {
  const bytes = await bytesOf(files, path);
  return bytes && new TextDecoder().decode(bytes);
}

test("downloads what is opened, and nothing else", async () => {
  const { server, options } = await start();
  const files = await openModel("org/name", options);
  expect(files).toMatchObject({ id: "org/name@main", revision: commitOf("a") });
  expect(server.fileRequests).toEqual([]);
  expect(await text(files, "config.json")).toBe(config);
  expect(await hashOf(files, "model.safetensors")).toBe(sha256(weights));
  expect(await bytesOf(files, "empty.txt")).toEqual(new Uint8Array());
  expect(await files.open("processor_config.json")).toBeUndefined();
  expect(server.fileRequests.map(({ host, path }) => [host, path])).toEqual([
    ["hub", `/org/name/resolve/${commitOf("a")}/config.json`],
    ["hub", `/org/name/resolve/${commitOf("a")}/model.safetensors`],
    ["cdn", `/${sha256(weights)}`],
  ]);
  expect(await files.list()).toEqual(Object.keys(repository.files).sort());
});

test("writes the cache as Python's huggingface_hub does", async () => {
  const { options, cacheDir } = await start();
  const files = await openModel("org/name", options);
  await files.prefetch(["config.json", "model.safetensors", "onnx/model.onnx"]);
  const root = join(cacheDir, "models--org--name");
  const snapshot = join(root, "snapshots", commitOf("a"));
  const blobs = [gitBlob(new TextEncoder().encode(config)), sha256(weights), sha256(noise(5000, 2))];
  expect((await readdir(join(root, "blobs"))).sort()).toEqual(blobs.sort());
  expect(await readFile(join(root, "refs", "main"), "utf8")).toBe(commitOf("a"));
  expect(await readlink(join(snapshot, "model.safetensors"))).toBe(join("..", "..", "blobs", sha256(weights)));
  expect(await readlink(join(snapshot, "onnx", "model.onnx"))).toBe(
    join("..", "..", "..", "blobs", sha256(noise(5000, 2))),
  );
  expect(JSON.parse(await readFile(join(root, "trees", `${commitOf("a")}.json`), "utf8"))).toMatchObject({
    format_version: 1,
    files: {
      "config.json": { size: config.length, blob_id: gitBlob(new TextEncoder().encode(config)) },
      "model.safetensors": { size: 200_000, lfs_sha256: sha256(weights), lfs_size: 200_000 },
    },
  });
  expect(await readdir(join(cacheDir, ".locks", "models--org--name"))).toEqual([]);
});

/** A cache as Python 0.x and 1.x leave it: no listing, one optional file noted as absent. */
async function pythonCache(cacheDir: string): Promise<void> {
  const root = join(cacheDir, "models--org--name");
  const snapshot = join(root, "snapshots", commitOf("a"));
  for (const folder of [snapshot, join(root, "refs"), join(root, "blobs"), join(root, ".no_exist", commitOf("a"))]) {
    await mkdir(folder, { recursive: true });
  }
  await writeFile(join(root, "refs", "main"), commitOf("a"));
  await writeFile(join(root, ".no_exist", commitOf("a"), "processor_config.json"), "");
  for (const [path, bytes, blob] of [
    ["config.json", new TextEncoder().encode(config), gitBlob(new TextEncoder().encode(config))],
    ["model.safetensors", weights, sha256(weights)],
  ] as const) {
    await writeFile(join(root, "blobs", blob), bytes);
    await symlink(join("..", "..", "blobs", blob), join(snapshot, path));
  }
}

test("finds what Python downloaded without asking for any file; offline or pinned without any request", async () => {
  const { server, options, cacheDir } = await start();
  await pythonCache(cacheDir);
  const offline = await openModel("org/name", { ...options, offline: true });
  const pinned = await openModel(`org/name@${commitOf("a")}`, options);
  for (const files of [offline, pinned]) {
    expect(files.revision).toBe(commitOf("a"));
    expect(await text(files, "config.json")).toBe(config);
    expect(await hashOf(files, "model.safetensors")).toBe(sha256(weights));
    expect(await files.open("processor_config.json")).toBeUndefined();
  }
  expect(await offline.open("generation_config.json")).toBeUndefined();
  expect(await offline.list()).toEqual(["config.json", "model.safetensors"]);
  expect(server.seen).toEqual([]);

  const online = await openModel("org/name", options);
  expect(await text(online, "config.json")).toBe(config);
  await online.prefetch(["config.json", "model.safetensors"]);
  expect(server.fileRequests).toEqual([]);
  expect(server.seen).toHaveLength(1);
  expect(await text(online, "generation_config.json")).toBe("{}");
});

test("uses the cache when the Hub cannot be reached", async () => {
  const { server, options, cacheDir } = await start();
  await pythonCache(cacheDir);
  server.fault = () => ({ status: 503 });
  const failing = await openModel("org/name", options);
  expect(await text(failing, "config.json")).toBe(config);
  await server[Symbol.asyncDispose]();
  for (const revision of ["main", commitOf("a")]) {
    const files = await openModel("org/name", { ...options, revision });
    expect(await hashOf(files, "model.safetensors")).toBe(sha256(weights));
    expect(await files.open("chat_template.jinja")).toBeUndefined();
  }
});

test("offline without a copy says so", async () => {
  const { server, options } = await start();
  const offline = { ...options, offline: true };
  for (const revision of ["main", commitOf("a")]) {
    const error = await openModel("org/name", { ...offline, revision }).catch((cause: unknown) => cause);
    expect(OfflineError.isInstance(error)).toBe(true);
    expect(String(error)).toMatch(/not in the cache .*HF_HUB_OFFLINE/);
  }
  expect(server.seen).toEqual([]);
  await (await openModel("org/name", options)).open("config.json");
  const files = await openModel("org/name", offline);
  expect(await text(files, "config.json")).toBe(config);
  // The listing is in the cache, so a file that exists and was not downloaded is told from one that does not exist.
  await expect(files.open("model.safetensors")).rejects.toThrow(
    /model.safetensors of org\/name@main is not in the cache/,
  );
  expect(await files.open("processor_config.json")).toBeUndefined();
});

test("a branch that moved gives the new commit and shares unchanged blobs", async () => {
  const { server, options, cacheDir } = await start();
  await (await openModel("org/name", options)).prefetch(["config.json", "model.safetensors"]);
  const before = server.fileRequests.length;
  const moved = { ...repository, commit: commitOf("c"), files: { ...repository.files, "config.json": '{"new":1}' } };
  server.repositories.set("org/name", moved);
  const files = await openModel("org/name", options);
  await files.prefetch(["config.json", "model.safetensors"]);
  expect(files.revision).toBe(commitOf("c"));
  expect(await text(files, "config.json")).toBe('{"new":1}');
  expect(server.fileRequests.length - before).toBe(1);
  const ref = await readFile(join(cacheDir, "models--org--name", "refs", "main"), "utf8");
  expect(ref).toBe(commitOf("c"));
});

test("progress has the total of all missing files from the first event on", async () => {
  const { options } = await start();
  const files = await openModel("org/name", options);
  await files.open("config.json");
  const events: ProgressEvent[] = [];
  const paths = ["config.json", "model.safetensors", "onnx/model.onnx", "missing.json"];
  await files.prefetch(paths, { onProgress: (event) => events.push(event) });
  expect(events[0]).toMatchObject({ stage: "download", loaded: 0, total: 205_000, unit: "bytes" });
  expect(events.every((event) => event.total === 205_000)).toBe(true);
  expect(events.at(-1)).toMatchObject({ loaded: 205_000 });
  const more: ProgressEvent[] = [];
  await files.prefetch(paths, { onProgress: (event) => more.push(event) });
  expect(more).toEqual([]);
});

test("the token goes to the endpoint and to no other host", async () => {
  const { server, options } = await start({ ...repository, token: "hf_secret" });
  const files = await openModel("org/name", { ...options, token: "hf_secret" });
  expect(await hashOf(files, "model.safetensors")).toBe(sha256(weights));
  expect(
    server.seen.filter(({ host }) => host === "hub").every((seen) => seen.authorization === "Bearer hf_secret"),
  ).toBe(true);
  expect(server.seen.filter(({ host }) => host === "cdn").map((seen) => seen.authorization)).toEqual([undefined]);
});

test("a revision can be a tag or a pull request; a missing one is named", async () => {
  const { options, cacheDir } = await start();
  expect((await openModel("org/name@v1.0", options)).revision).toBe(commitOf("a"));
  const files = await openModel("org/name@refs/pr/1", options);
  expect(files.revision).toBe(commitOf("b"));
  await expect(openModel("org/name@nope", options)).rejects.toThrow(/branch, tag or commit does not exist/);
  await expect(openModel("org/name", { ...options, revision: "../x" })).rejects.toThrow(/revision: expected a branch/);
  await expect(openModel("org/name@a", { ...options, revision: "b" })).rejects.toThrow(/expected one revision/);
  expect(await readdir(cacheDir)).toEqual([]);
});

test("a blob of the wrong length in the cache is downloaded again", async () => {
  const { options, cacheDir } = await start();
  const first = await openModel("org/name", options);
  await first.prefetch(["model.safetensors"]);
  const blob = join(cacheDir, "models--org--name", "blobs", sha256(weights));
  await writeFile(blob, "half");
  expect(await hashOf(await openModel("org/name", options), "model.safetensors")).toBe(sha256(weights));
  await rm(blob);
  expect(await hashOf(await openModel("org/name", options), "model.safetensors")).toBe(sha256(weights));
});

test("opened files have the path of the snapshot, for backends that map them", async () => {
  const { options, cacheDir } = await start();
  const source = await (await openModel("org/name", options)).open("model.safetensors");
  expect(source?.path).toBe(join(cacheDir, "models--org--name", "snapshots", commitOf("a"), "model.safetensors"));
  expect((await lstat(source?.path ?? "")).isSymbolicLink()).toBe(true);
  expect(await realpath(source?.path ?? "")).toContain(sha256(weights));
});

test("entries of a listing that lead out of the folder or have no proper hash do not exist", async () => {
  const { server, options, cacheDir } = await start();
  const entry = { type: "file", size: 2, oid: gitBlob(new TextEncoder().encode("{}")) };
  server.fault = ({ path }) =>
    path.includes("/tree/")
      ? {
          text: JSON.stringify([
            { ...entry, path: "../evil.json" },
            { ...entry, path: "a.json", oid: "../../evil" },
            { ...entry, path: "b.json", size: -1 },
            { ...entry, path: "c.json", lfs: { oid: "x", size: 2, pointerSize: 1 } },
          ]),
        }
      : undefined;
  const files = await openModel("org/name", options);
  expect(await files.list()).toEqual([]);
  await expect(files.open("../evil.json")).rejects.toThrow(/not a path within/);
  expect(await files.open("a.json")).toBeUndefined();
  expect(await readdir(join(cacheDir, "models--org--name"))).toEqual(["trees"]);
});
