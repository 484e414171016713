import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { RawImage } from "@smolvlm/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageSource } from "../image-decoder.js";
import { nodeImageDecoder } from "./node-image-decoder.js";

const goldens = JSON.parse(readFileSync(new URL("../../goldens/decode.json", import.meta.url), "utf8")) as {
  cases: { name: string; file: string }[];
};
const base64 = (goldens.cases.find(({ name }) => name === "bmp rgb") as { file: string }).file;
const bytes = Buffer.from(base64, "base64");

const problemOf = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: "MediaError" });
  return (error as Error).message;
};

const decoder = nodeImageDecoder({ timeoutMs: 5000 });
let pixels: RawImage;
let folder: string;
let server: Server;
let origin: string;

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  "/ok": (_, response) => response.end(bytes),
  "/moved": (_, response) => response.writeHead(302, { location: "/ok?token=secret" }).end(),
  "/loop": (_, response) => response.writeHead(307, { location: "/loop" }).end(),
  "/to-file": (_, response) => response.writeHead(301, { location: "file:///etc/hostname" }).end(),
  "/page": (_, response) => response.end("<!DOCTYPE html><html></html>"),
  "/gone": (_, response) => response.writeHead(404).end("no"),
  "/silent": () => undefined,
  "/slow": (_, response) => void response.writeHead(200).write("BM"),
  "/cut": (_, response) => {
    response.writeHead(200, { "content-length": "1000" }).write("BM");
    setTimeout(() => response.destroy(), 20);
  },
  "/long": (_, response) => response.writeHead(200, { "content-length": "99999999999" }).write("BM"),
  "/endless": (_, response) => {
    response.on("error", () => undefined);
    const chunk = Buffer.alloc(65536, 66);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  },
};

beforeAll(async () => {
  pixels = await decoder.decode(bytes);
  folder = mkdtempSync(join(tmpdir(), "image-source-"));
  writeFileSync(join(folder, "a picture #1.bmp"), bytes);
  server = createServer((request, response) => {
    const route = routes[new URL(request.url ?? "/", "http://localhost").pathname];
    if (route) route(request, response);
    else response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  server.close();
});

describe("where a picture may come from", () => {
  it("is a path, URL, data: URL, base64, bytes, Blob", async () => {
    const path = join(folder, "a picture #1.bmp");
    const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    const sources: ImageSource[] = [
      path,
      pathToFileURL(path),
      pathToFileURL(path).href,
      `${origin}/ok`,
      new URL(`${origin}/ok`),
      `${origin}/moved`,
      `data:image/bmp;base64,${base64}`,
      `data:image/bmp,${percent}`,
      new URL(`data:image/bmp;base64,${base64}`),
      base64,
      new Uint8Array(bytes),
      new Uint8Array(bytes).buffer,
      new Blob([bytes]),
    ];
    for (const source of sources) expect(await decoder.decode(source)).toEqual(pixels);
  });

  it("may be pixels, which are passed through", async () => {
    expect(await decoder.decode(pixels)).toBe(pixels);
  });

  it("is refused with one line when there is nothing to read", async () => {
    expect(await problemOf(decoder.decode(join(folder, "no.png")))).toMatch(
      /no\.png: there is no such file\. Give a path/,
    );
    expect(await problemOf(decoder.decode(folder))).toMatch(/is not a file/);
    expect(await problemOf(decoder.decode("x".repeat(5000)))).toMatch(/^x{200}…: there is no such file/);
    expect(await problemOf(decoder.decode(new URL("file:///no/such.png")))).toMatch(/there is no such file/);
    expect(await problemOf(decoder.decode(new URL("ftp://host/a.png")))).toMatch(/ftp: URLs are not read/);
    expect(await problemOf(decoder.decode("data:image/png"))).toMatch(/has no comma/);
    expect(await problemOf(decoder.decode("http://[bad"))).toMatch(/is not a valid URL/);
    expect(await problemOf(decoder.decode(new Uint8Array()))).toMatch(/bytes: is empty/);
    expect(await problemOf(decoder.decode(Buffer.from("hello")))).toMatch(/not a picture of a known kind/);
    await expect(decoder.decode(7 as never)).rejects.toMatchObject({ name: "InvalidArgumentError" });
  });

  it("never is a device that does not end", async () => {
    expect(await problemOf(decoder.decode("/dev/zero"))).toMatch(/is not a file/);
  });

  it("is limited in bytes", async () => {
    const small = nodeImageDecoder({ maxBytes: bytes.length - 1, timeoutMs: 5000 });
    const sources: ImageSource[] = [
      join(folder, "a picture #1.bmp"),
      bytes,
      new Blob([bytes]),
      `${origin}/ok`,
      `${origin}/endless`,
      `${origin}/long`,
    ];
    for (const source of [...sources, base64, `data:image/bmp;base64,${base64}`]) {
      expect(await problemOf(small.decode(source))).toMatch(/is larger than the limit of \d+ bytes/);
    }
  });
});

describe("fetching", () => {
  it("says what the server did", async () => {
    expect(await problemOf(decoder.decode(`${origin}/gone?token=secret`))).toBe(
      `${origin}/gone: the server answered 404; check the address.`,
    );
    expect(await problemOf(decoder.decode(`${origin}/page`))).toMatch(/is HTML, which is not supported/);
    expect(await problemOf(decoder.decode(`${origin}/loop`))).toMatch(/redirects more than 5 times/);
    expect(await problemOf(decoder.decode(`${origin}/to-file`))).toMatch(/redirects to file:/);
    expect(await problemOf(decoder.decode(`${origin}/cut`))).toMatch(/could not be fetched/);
    expect(await problemOf(decoder.decode("http://127.0.0.1:1/a.png"))).toMatch(/could not be fetched/);
  });

  it("gives up in time", async () => {
    const impatient = nodeImageDecoder({ timeoutMs: 60 });
    for (const route of ["/silent", "/slow"]) {
      expect(await problemOf(impatient.decode(`${origin}${route}`))).toMatch(/did not arrive within 60 ms/);
    }
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    const decoding = decoder.decode(`${origin}/slow`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(decoding).rejects.toMatchObject({ name: "AbortError" });
    await expect(decoder.decode(bytes, { signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
  });

  it("asks before every request, redirects included", async () => {
    const asked: string[] = [];
    const careful = nodeImageDecoder({
      allowUrl: (url) => {
        asked.push(url.pathname);
        return url.pathname === "/moved";
      },
    });
    expect(await problemOf(careful.decode(`${origin}/moved`))).toMatch(/\/ok: is not an address that may be fetched/);
    expect(asked).toEqual(["/moved", "/ok"]);
  });

  it("refuses limits that are none", () => {
    expect(() => nodeImageDecoder({ maxBytes: -1 })).toThrow(/maxBytes: expected a whole number from 0, found -1/);
    expect(() => nodeImageDecoder({ timeoutMs: Number.NaN })).toThrow(/timeoutMs/);
  });
});
