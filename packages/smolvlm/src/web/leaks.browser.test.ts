import { statSync } from "node:fs";
import { join } from "node:path";
import { nanoModelPath } from "@smolvlm/nano";
import { call } from "@smolvlm/tooling/browser-page";
import { expect, test } from "vitest";
import { nanoFiles, openNanoPage, wasmPaths } from "./testing/browser.js";
import type { Memory, RepeatRequest } from "./testing/repeat.js";

const modelBytes = statSync(join(nanoModelPath, "model.safetensors")).size;
const request = {
  files: nanoFiles,
  options: { device: "wasm", threads: 1, wasmPaths },
  conversation: [
    {
      role: "user",
      content: [
        { type: "image", image: "/examples/scene.png" },
        { type: "text", text: "Describe this." },
      ],
    },
  ],
} satisfies Omit<RepeatRequest, "times">;

test("200 generations leave less than a model's weights together", async () => {
  await using opened = await openNanoPage({
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
    // Chromium otherwise measures when it likes, within minutes.
    args: ["--enable-blink-features=ForceEagerMeasureMemory"],
  });
  const { before, after } = await call<Memory>(opened.page, "generateOften", { ...request, times: 200 });
  // Weights and WebAssembly's memory are in it: what grows there would be seen.
  expect(before).toBeGreaterThan(modelBytes);
  expect(after - before).toBeLessThan(modelBytes / 2);
}, 120_000);

test("20 loads and disposals leave no worker of their own, no blob, and less than a model's weights together", async () => {
  await using opened = await openNanoPage({});
  const { page } = opened;
  const protocol = await page.context().newCDPSession(page);

  async function measure() {
    await protocol.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await protocol.send("Runtime.getHeapUsage");
    const { result } = await protocol.send("Runtime.evaluate", { expression: "Blob.prototype" });
    const { objects } = await protocol.send("Runtime.queryObjects", { prototypeObjectId: result.objectId ?? "" });
    const objectId = objects.objectId ?? "";
    const functionDeclaration = "function () { return this.length; }";
    const blobs = await protocol.send("Runtime.callFunctionOn", { functionDeclaration, objectId });
    await protocol.send("Runtime.releaseObject", { objectId });
    return {
      bytes: usedSize + backingStorageSize,
      blobs: blobs.result.value as number,
      workers: page.workers().length,
    };
  }

  await call(page, "loadOften", { ...request, times: 2 });
  const before = await measure();
  await call(page, "loadOften", { ...request, times: 20 });
  const after = await measure();
  // That of the store, which stays with the page.
  expect(before.workers).toBe(1);
  expect(after.workers).toBe(1);
  expect(after.blobs).toBe(before.blobs);
  expect(after.bytes - before.bytes).toBeLessThan(modelBytes / 2);
}, 180_000);
