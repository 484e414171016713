import { spawn } from "node:child_process";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { ProgressEvent } from "@smolvlm/contracts";
import { expect, onTestFinished, test } from "vitest";
import {
  AccessDeniedError,
  FileIntegrityError,
  HubError,
  NetworkError,
  RepositoryNotFoundError,
  RevisionNotFoundError,
  StorageError,
} from "../errors.js";
import { openModel, type OpenModelOptions } from "./open-model.js";
import { HubServer, noise, sha256, type Fault, type SeenRequest } from "./testing/hub-server.js";
import { temporaryFolder } from "./testing/temporary-folder.js";

const SIZE = 300_000;
const weights = noise(SIZE);
const hash = sha256(weights);

interface Setup {
  readonly server: HubServer;
  readonly cacheDir: string;
  readonly options: OpenModelOptions;
  readonly blobs: () => Promise<readonly string[]>;
  /** Downloads the weights and gives the hash of what was opened. */
  readonly fetchWeights: (more?: OpenModelOptions) => Promise<string>;
  /** Ranges in which the weights were asked for. */
  readonly ranges: () => readonly (string | undefined)[];
}

async function setUp(fault?: (request: SeenRequest, count: number) => Fault | undefined): Promise<Setup> {
  const server = await HubServer.start({
    "org/name": { files: { "config.json": "{}", "model.safetensors": weights } },
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  if (fault) server.fault = fault;
  const cacheDir = await temporaryFolder();
  const options = {
    cacheDir,
    endpoint: server.endpoint,
    token: false,
    offline: false,
    retries: 3,
    retryDelay: 1,
  } as const;
  const folder = join(cacheDir, "models--org--name", "blobs");
  return {
    server,
    cacheDir,
    options,
    blobs: () => readdir(folder).catch(() => []),
    ranges: () => server.seen.filter(({ host }) => host === "cdn").map(({ range }) => range),
    async fetchWeights(more) {
      const source = await (await openModel("org/name", { ...options, ...more })).open("model.safetensors", more ?? {});
      return sha256((await source?.read(0, source.size)) ?? new Uint8Array());
    },
  };
}

/** A fault of the host that serves the weights, for the requests whose number is in `counts`, or all. */
function onWeights(fault: Fault, ...counts: number[]) {
  return ({ host }: SeenRequest, count: number): Fault | undefined =>
    host === "cdn" && (counts.length === 0 || counts.includes(count)) ? fault : undefined;
}

test("a dropped connection is resumed where it broke", async () => {
  const { fetchWeights, ranges, blobs } = await setUp(onWeights({ dropAfter: 100_000 }, 0, 1));
  const events: ProgressEvent[] = [];
  expect(await fetchWeights({ onProgress: (event) => events.push(event) })).toBe(hash);
  expect(ranges()).toEqual([undefined, "bytes=100000-", "bytes=200000-"]);
  expect(events.at(-1)).toMatchObject({ loaded: SIZE, total: SIZE });
  expect(await blobs()).toEqual([hash]);
});

test("more drops than retries are survived as long as each attempt brings something", async () => {
  const { fetchWeights, ranges } = await setUp(onWeights({ dropAfter: 40_000 }));
  expect(await fetchWeights()).toBe(hash);
  expect(ranges()).toHaveLength(8);
});

test("a download that fails for good leaves a part that the next one goes on from", async () => {
  const { server, fetchWeights, blobs, ranges } = await setUp(({ host }, count) =>
    host === "cdn" ? (count === 0 ? { dropAfter: 120_000 } : { status: 503 }) : undefined,
  );
  await expect(fetchWeights()).rejects.toThrow(/answered 503/);
  expect(await blobs()).toEqual([expect.stringMatching(/\.smolvlm-\w+\.incomplete$/)]);
  server.fault = () => undefined;
  server.seen.length = 0;
  const events: ProgressEvent[] = [];
  expect(await fetchWeights({ onProgress: (event) => events.push(event) })).toBe(hash);
  expect(ranges()).toEqual(["bytes=120000-"]);
  expect(events[0]).toMatchObject({ loaded: 0, total: SIZE });
  expect(events.at(-1)).toMatchObject({ loaded: SIZE, total: SIZE });
  expect(await blobs()).toEqual([hash]);
});

const cured: readonly [string, Fault][] = [
  ["a body that ends too early", { endAfter: 50_000 }],
  ["a length that is too long", { contentLength: SIZE + 10 }],
  ["a length that is too short", { contentLength: 10, endAfter: 10 }],
  ["damaged bytes", { corrupt: true }],
  ["no announced length and damaged bytes", { chunked: true, corrupt: true }],
  ["damaged bytes before a drop", { corrupt: true, dropAfter: 1000 }],
  ["a login page instead of the file", { text: "<html>Please log in</html>" }],
  ["429", { status: 429, headers: { "retry-after": "0" } }],
  ["429 in the Hub's words", { status: 429, headers: { ratelimit: '"resolvers";r=0;t=0' } }],
  ["500", { status: 500 }],
  ["502", { status: 502 }],
  ["silence", { stallAfter: 1000 }],
];
for (const [name, fault] of cured) {
  test(`${name}, once, is cured by another attempt`, async () => {
    const { fetchWeights, blobs } = await setUp(onWeights(fault, 0));
    expect(await fetchWeights({ timeout: fault.stallAfter === undefined ? 20_000 : 500 })).toBe(hash);
    expect(await blobs()).toEqual([hash]);
  });
}

const fatal: readonly [string, Fault, new (...args: never[]) => Error, RegExp][] = [
  ["damaged bytes", { corrupt: true }, FileIntegrityError, /model.safetensors: expected hash .* thrown away/],
  ["surplus bytes", { surplus: 5 }, FileIntegrityError, /a file of 300005 bytes/],
  ["surplus bytes that are not announced", { surplus: 5, chunked: true }, FileIntegrityError, /received more/],
  ["a login page", { text: "<html>" }, FileIntegrityError, /expected bytes 0 to 300000, received/],
  ["5xx", { status: 500 }, HubError, /answered 500\. The server has a problem.*request request-1/],
  ["429", { status: 429 }, HubError, /too many requests \(429\)/],
  ["403", { status: 403 }, AccessDeniedError, /access denied \(403\).*HF_TOKEN/],
  ["a redirect in a circle", { redirectToSelf: true }, HubError, /redirects in a circle/],
  ["silence", { stallAfter: 0 }, NetworkError, /sent nothing for 0.2 s/],
];
for (const [name, fault, type, message] of fatal) {
  test(`${name} every time is an error, and nothing is published`, async () => {
    const { fetchWeights, blobs } = await setUp(onWeights(fault));
    const timeout = fault.stallAfter === undefined ? 20_000 : 200;
    const error = await fetchWeights({ timeout, retries: 1 }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
    expect((await blobs()).filter((blob) => !blob.endsWith(".incomplete"))).toEqual([]);
  });
}

test("a server that ignores ranges starts over; one that never gets further is given up", async () => {
  const { server, fetchWeights, ranges } = await setUp(onWeights({ dropAfter: 100_000 }, 0));
  const drop = server.fault;
  server.fault = (request, count) =>
    drop(request, count) ?? (request.host === "cdn" ? { ignoreRange: true } : undefined);
  const events: ProgressEvent[] = [];
  expect(await fetchWeights({ onProgress: (event) => events.push(event) })).toBe(hash);
  expect(events.at(-1)).toMatchObject({ loaded: SIZE, total: SIZE });
  expect(ranges()).toHaveLength(2);
  const stuck = await setUp(onWeights({ dropAfter: 1000, ignoreRange: true }));
  await expect(stuck.fetchWeights()).rejects.toThrow(NetworkError);
});

test("ranges that are not the ones asked for are not appended", async () => {
  const { server, fetchWeights } = await setUp(onWeights({ dropAfter: 100_000 }, 0));
  const drop = server.fault;
  server.fault = (request, count) => drop(request, count) ?? onWeights({ shiftRange: 7 }, 1)(request, count);
  expect(await fetchWeights()).toBe(hash);
});

test("a part that is longer than the file, or not the file's beginning, does no harm", async () => {
  for (const rest of [noise(SIZE + 5), noise(1000, 9)]) {
    const { cacheDir, fetchWeights, blobs } = await setUp();
    const folder = join(cacheDir, "models--org--name", "blobs");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${hash}.smolvlm-deadbeef.incomplete`), rest);
    expect(await fetchWeights()).toBe(hash);
    expect(await blobs()).toEqual([hash]);
  }
});

test("what the Hub answers about names and rights is told apart", async () => {
  const { server, options } = await setUp();
  server.repositories.set("org/private", { files: {}, token: "hf_right" });
  server.repositories.set("org/gated", { files: {}, gated: true });
  const failure = async (name: string, more?: OpenModelOptions): Promise<unknown> =>
    openModel(name, { ...options, ...more }).catch((cause: unknown) => cause);
  const missing = await failure("org/missing");
  expect(RepositoryNotFoundError.isInstance(missing)).toBe(true);
  expect(missing).toMatchObject({ status: 401, requestId: "request-1" });
  expect(String(missing)).toMatch(/no such model, or it is private.*set HF_TOKEN.*no folder "org\/missing" here/);
  expect(RepositoryNotFoundError.isInstance(await failure("org/private", { token: "hf_wrong" }))).toBe(true);
  expect(await failure("org/private", { token: "hf_right" })).toMatchObject({ id: "org/private@main" });
  const gated = await failure("org/gated", { token: "hf_other" });
  expect(AccessDeniedError.isInstance(gated)).toBe(true);
  expect(String(gated)).toMatch(/gated. Accept its conditions.*restricted/);
  expect(RevisionNotFoundError.isInstance(await failure("org/name@nope"))).toBe(true);
  server.fault = () => ({ status: 401, headers: { "x-error-message": "Invalid credentials in Authorization header" } });
  expect(String(await failure("org/name", { token: "hf_old" }))).toMatch(/token was refused.*public models need none/);
  server.fault = () => ({ status: 404 });
  expect(RepositoryNotFoundError.isInstance(await failure("org/name"))).toBe(true);
});

test("answers of the API that are not the Hub's, are too long or break off", async () => {
  const { server, options } = await setUp();
  for (const text of ["<html>Log in</html>", "{}", "[]", "null", '{"sha":"../../x"}']) {
    server.fault = () => ({ text });
    const error = await openModel("org/name", options).catch((cause: unknown) => cause);
    expect(String(error)).toMatch(/does not answer as the Hugging Face Hub does/);
  }
  const next = `<${server.endpoint}/api/models/org/name/tree/x?again=1>; rel="next"`;
  server.fault = ({ path }) => (path.includes("/tree/") ? { text: "[]", headers: { link: next } } : undefined);
  await expect((await openModel("org/name", options)).list()).rejects.toThrow(
    /does not answer as the Hugging Face Hub/,
  );
  server.fault = () => ({ text: " ".repeat(33 * 2 ** 20) });
  await expect(openModel("org/name", options)).rejects.toThrow(/longer than/);
  server.fault = (_request, count) => (count === 0 ? { status: 502 } : undefined);
  expect(await (await openModel("org/name", options)).list()).toEqual(["config.json", "model.safetensors"]);
});

test("a Retry-After of an hour is reported, not waited for", async () => {
  const { server, options } = await setUp(() => ({ status: 429, headers: { "retry-after": "3600" } }));
  await expect(openModel("org/name", options)).rejects.toThrow(/429/);
  expect(server.seen).toHaveLength(1);
});

test("no server at all", async () => {
  const { server, options } = await setUp();
  await server[Symbol.asyncDispose]();
  const error = await openModel("org/name", options).catch((cause: unknown) => cause);
  expect(NetworkError.isInstance(error)).toBe(true);
  expect(String(error)).toMatch(/refuses connections. Check HF_ENDPOINT/);
});

test("an abort stops at once, leaves only a part, and the next download resumes it", async () => {
  const { server, options, fetchWeights, blobs, ranges } = await setUp(onWeights({ slow: 5 }));
  const files = await openModel("org/name", options);
  const controller = new AbortController();
  const onProgress = ({ loaded }: ProgressEvent): void => {
    if (loaded > 10_000) controller.abort();
  };
  await expect(files.prefetch(["model.safetensors"], { signal: controller.signal, onProgress })).rejects.toThrow(
    /abort/i,
  );
  const [part, ...others] = await blobs();
  expect(others).toEqual([]);
  expect(part).toMatch(/incomplete$/);
  server.fault = () => undefined;
  server.seen.length = 0;
  expect(await fetchWeights()).toBe(hash);
  // Beyond what was there when it was aborted: how much that is depends on the pieces in which it came.
  expect(ranges()).toEqual([expect.stringMatching(/^bytes=[1-9]\d{4}-$/)]);
  await expect(files.open("config.json", { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  await expect(openModel("org/name", { ...options, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});

test("one file that fails stops the others", async () => {
  const { server, options } = await setUp();
  const large = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`${index}.bin`, noise(200_000, index)]));
  server.repositories.set("org/name", { files: large });
  server.fault = ({ path, host }) =>
    path.endsWith("0.bin") ? { status: 403 } : host === "cdn" ? { slow: 5 } : undefined;
  const files = await openModel("org/name", options);
  const started = Date.now();
  await expect(files.prefetch(Object.keys(large))).rejects.toThrow(AccessDeniedError);
  expect(Date.now() - started).toBeLessThan(900);
});

test("several at once in one process download once", async () => {
  const { fetchWeights, ranges } = await setUp(onWeights({ slow: 1 }));
  expect(await Promise.all([fetchWeights(), fetchWeights(), fetchWeights()])).toEqual([hash, hash, hash]);
  expect(ranges()).toEqual([undefined]);
});

/** Another process that downloads the weights with the built package. */
function startProcess(options: OpenModelOptions): { readonly exit: Promise<number | null>; kill(): void } {
  const entry = pathToFileURL(join(import.meta.dirname, "..", "..", "dist", "node", "index.js")).href;
  const script = `
    import { openModel } from ${JSON.stringify(entry)};
    const files = await openModel("org/name", ${JSON.stringify(options)});
    await files.prefetch(["model.safetensors"]);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  return {
    exit: new Promise((resolve) => child.on("exit", (code) => resolve(code))),
    kill: () => void child.kill("SIGKILL"),
  };
}

test("processes at once download once; one that is killed is continued by another", async () => {
  const { server, options, fetchWeights, blobs, ranges } = await setUp(onWeights({ slow: 3 }));
  const victim = startProcess(options);
  while (ranges().length === 0) await sleep(10);
  await sleep(200);
  victim.kill();
  await victim.exit;
  expect(await blobs()).toEqual([expect.stringMatching(/incomplete$/)]);
  const others = [startProcess(options), startProcess(options)];
  expect(await Promise.all([...others.map(({ exit }) => exit), fetchWeights()])).toEqual([0, 0, hash]);
  expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d{4,}-$/)]);
  expect(server.fileRequests.filter(({ host }) => host === "hub")).toHaveLength(2);
  expect(await blobs()).toEqual([hash]);
});

test("a cache that cannot be written is explained", async () => {
  const { options, cacheDir } = await setUp();
  const blocked = join(cacheDir, "file");
  await writeFile(blocked, "");
  const files = await openModel("org/name", { ...options, cacheDir: blocked });
  const error = await files.open("config.json").catch((cause: unknown) => cause);
  expect(StorageError.isInstance(error)).toBe(true);
  expect(String(error)).toMatch(/is not a folder, or something above it is not/);
  expect((await stat(blocked)).size).toBe(0);
});

test("a model that cannot fit on the disk is refused before it is downloaded", async () => {
  const { server, options, cacheDir } = await setUp();
  const entry = { type: "file", path: "model.safetensors", oid: "a".repeat(40), size: 2 ** 52 };
  server.fault = ({ path }) => (path.includes("/tree/") ? { text: JSON.stringify([entry]) } : undefined);
  const files = await openModel("org/name", options);
  const error = await files.open("model.safetensors").catch((cause: unknown) => cause);
  expect(StorageError.isInstance(error)).toBe(true);
  expect(error).toMatchObject({ path: cacheDir });
  expect(String(error)).toMatch(/4503599628 MB are needed and \d+ MB free/);
  expect(server.fileRequests).toEqual([]);
});
