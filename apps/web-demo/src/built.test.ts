import { readFileSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";

const built = fileURLToPath(new URL("../dist/", import.meta.url));
/** Static hosts such as Cloudflare Pages refuse larger files. */
const MAX_BYTES = 25 * 2 ** 20;

const files = readdirSync(built, { recursive: true, encoding: "utf8" }).filter((file) =>
  statSync(built + file).isFile(),
);

test("no file is over 25 MiB", () => {
  const sizes = files.map((file) => statSync(built + file).size);
  expect(Math.max(...sizes)).toBeLessThan(MAX_BYTES);
  expect(Math.max(...sizes)).toBeGreaterThan(10_000_000);
});

test("the part of ONNX Runtime that would be over it is there, compressed", () => {
  const [name] = files.filter((file) => file.endsWith(".deflated"));
  const wasm = gunzipSync(readFileSync(built + String(name)));
  expect(wasm.length).toBeGreaterThan(MAX_BYTES);
  expect(WebAssembly.validate(wasm)).toBe(true);
});

test("nothing of Node is in the scripts", () => {
  // ONNX Runtime's own scripts ask whether they run in Node.
  const scripts = files.filter((file) => /\.m?js$/.test(file) && !/(^|\/)ort[.-]/.test(file));
  expect(scripts.length).toBeGreaterThan(3);
  for (const script of scripts) {
    expect(readFileSync(built + script, "utf8"), script).not.toMatch(/["'`](node:\w+|sharp|onnxruntime-node)["'`]/);
  }
});

test("the service worker keeps every small file, and nothing that is not there", () => {
  const text = readFileSync(`${built}service-worker.js`, "utf8");
  const kept = JSON.parse(/const FILES = (\[.*?\]);/.exec(text)?.[1] ?? "[]") as readonly string[];
  expect(kept).toContain("index.html");
  expect(kept.filter((name) => !files.includes(name))).toEqual([]);
  expect(kept.some((name) => name.endsWith(".wasm"))).toBe(false);
});
