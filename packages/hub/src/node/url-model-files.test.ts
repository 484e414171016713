import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { ModelFiles } from "@smolvlm/contracts";
import { expect, onTestFinished, test } from "vitest";
import { openModel } from "./open-model.js";
import { temporaryFolder } from "./testing/temporary-folder.js";

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = (): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(() => stop() as Promise<void>);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/my%20model`, stop };
}

/** A plain file server; `files` may change while it runs. */
async function fileServer(files: Record<string, string>) {
  const seen: string[] = [];
  const { url, stop } = await serve((request, response) => {
    const path = decodeURIComponent(request.url ?? "").replace("/models/my model/", "");
    seen.push(`${request.method} ${path}`);
    const content = files[path];
    if (content === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-length": content.length, etag: `"${content.length}-${content.charCodeAt(0)}"` });
    response.end(request.method === "HEAD" ? undefined : content);
  });
  const options = {
    cacheDir: await temporaryFolder(),
    token: false,
    offline: false,
    retries: 1,
    retryDelay: 1,
  } as const;
  return { url, stop, seen, options };
}

async function text(files: ModelFiles, path: string): Promise<string | undefined> {
  const source = await files.open(path);
  return source && new TextDecoder().decode(await source.read(0, source.size));
}

test("a folder on a server is downloaded file by file, once per version", async () => {
  const content: Record<string, string> = { "config.json": "{}", "model.safetensors": "12345", "part one.bin": "p" };
  const { url, seen, options } = await fileServer(content);
  const first = await openModel(url, options);
  expect(first.id).toBe(`${url}/`);
  expect(await first.list()).toEqual(["config.json", "model.safetensors"]);
  expect(seen.every((line) => line.startsWith("HEAD"))).toBe(true);
  seen.length = 0;
  expect(await text(first, "config.json")).toBe("{}");
  expect(await text(first, "part one.bin")).toBe("p");
  expect(await first.open("missing.bin")).toBeUndefined();
  expect(await first.open("tokenizer.json")).toBeUndefined();
  expect(seen).toEqual(["GET config.json", "HEAD part one.bin", "GET part one.bin", "HEAD missing.bin"]);
  await expect(first.open("../x")).rejects.toThrow(/not a path within/);

  seen.length = 0;
  const second = await openModel(url, options);
  expect(second.revision).toBe(first.revision);
  expect(await text(second, "config.json")).toBe("{}");
  expect(seen.filter((line) => line.startsWith("GET"))).toEqual([]);

  content["config.json"] = '{"a":1}';
  const third = await openModel(url, options);
  expect(third.revision).not.toBe(first.revision);
  expect(await text(third, "config.json")).toBe('{"a":1}');
  // A file that changes between the question and the download is not taken for the old one.
  content["model.safetensors"] = "54321";
  await expect(text(third, "model.safetensors")).rejects.toThrow(/a newer version of the file/);
});

test("without a connection, what was downloaded still opens", async () => {
  const { url, stop, options } = await fileServer({ "config.json": "{}", "model.safetensors": "1" });
  await expect(openModel(url, { ...options, offline: true })).rejects.toThrow(/was never opened before/);
  const revision = await openModel(url, options).then(
    async (files) => (await text(files, "config.json")) && files.revision,
  );
  await stop();
  for (const offline of [true, false]) {
    const files = await openModel(url, { ...options, offline });
    expect(files.revision).toBe(revision);
    expect(await text(files, "config.json")).toBe("{}");
    await expect(files.open("model.safetensors")).rejects.toThrow(
      offline ? /requests are switched off/ : /refuses connections/,
    );
  }
});

test("servers without a model, or without lengths and versions, are explained", async () => {
  const options = { cacheDir: await temporaryFolder(), token: false, offline: false } as const;
  const empty = await serve((_request, response) => void response.writeHead(404).end());
  await expect(openModel(empty.url, options)).rejects.toThrow(/no file of a model is there/);
  const vague = await serve((_request, response) => void response.writeHead(200, { "content-length": 5 }).end());
  await expect(openModel(vague.url, options)).rejects.toThrow(/does not tell the file's length and version/);
});

test("the Hub's token is not sent to other servers", async () => {
  const tokens: (string | undefined)[] = [];
  const { url } = await serve((request, response) => {
    tokens.push(request.headers.authorization);
    response.writeHead(200, { "content-length": 0, etag: "x" }).end();
  });
  await openModel(url, { cacheDir: await temporaryFolder(), token: "hf_secret", offline: false });
  expect(new Set(tokens)).toEqual(new Set([undefined]));
});
