import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Page, Route } from "playwright-core";

const COMMIT = "0123456789abcdef".repeat(3).slice(0, 40);
/** From how many bytes on the Hub keeps a file apart, under its SHA-256; here so that the weights are one. */
const LARGE = 1_000_000;
/** What lets other pages read, as the Hub's answers have it. */
const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization,range",
  "Access-Control-Expose-Headers": "X-Repo-Commit,X-Error-Code,ETag,Link,Content-Range",
};

/** Answers a page's requests to the Hub, which has one repository: the files of a folder. Gives the list of what is asked for. */
export async function answerAsHub(page: Page, repository: string, folder: string): Promise<readonly string[]> {
  const asked: string[] = [];
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  await page.route("https://huggingface.co/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (route.request().method() === "OPTIONS") return route.fulfill({ status: 204, headers: CORS });
    asked.push(pathname);
    if (pathname === `/api/models/${repository}/revision/main`) return json(route, { sha: COMMIT });
    if (pathname === `/api/models/${repository}/tree/${COMMIT}`) return json(route, [...files].map(listed));
    const bytes = files.get(pathname.replace(`/${repository}/resolve/${COMMIT}/`, ""));
    if (!bytes) return route.fulfill({ status: 404, headers: { ...CORS, "X-Error-Code": "EntryNotFound" } });
    return send(route, bytes);
  });
  return asked;
}

function json(route: Route, value: unknown): Promise<void> {
  return route.fulfill({ headers: CORS, json: value });
}

function hash(algorithm: string, ...parts: readonly (string | Buffer)[]): string {
  return parts.reduce((sum, part) => sum.update(part), createHash(algorithm)).digest("hex");
}

/** A file in the Hub's list. */
function listed([path, bytes]: readonly [string, Buffer]) {
  const size = bytes.length;
  const file = { type: "file", path, size, oid: hash("sha1", `blob ${size}\0`, bytes) };
  return size < LARGE ? file : { ...file, lfs: { oid: hash("sha256", bytes), size, pointerSize: 132 } };
}

/** The file, or the range of it that was asked for. */
async function send(route: Route, bytes: Buffer): Promise<void> {
  const etag = { ...CORS, ETag: `"${hash("sha1", bytes)}"`, "Accept-Ranges": "bytes" };
  const [range, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(route.request().headers()["range"] ?? "") ?? [];
  if (!range) return route.fulfill({ headers: etag, body: bytes });
  const body = bytes.subarray(Number(from), to === "" ? bytes.length : Number(to) + 1);
  const last = Number(from) + body.length - 1;
  return route.fulfill({
    status: 206,
    headers: { ...etag, "Content-Range": `bytes ${from}-${last}/${bytes.length}` },
    body,
  });
}
