import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { losableGpu } from "@smolvlm/tooling/losable-gpu";
import type { ModelDtype } from "@smolvlm/model-core";
import { expect, test } from "vitest";
import { call, openTestPage, wasmPaths } from "./testing/browser.js";
import type { GoldenAnswer, GoldenRequest } from "./testing/check-golden.js";
import type { Loss } from "./testing/lose-device.js";

const fixtures = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
/** The project's bound between runtimes, absolute, on logits of order 10. */
const TOLERANCE = 1e-3;
/** What rounding random weights to 8 bits may move their logits by, which are of order 16. */
const ROUNDED_TOLERANCE = 2;

test("without isolation there is one thread, and without a GPU there is WASM, and both say why", async () => {
  await using opened = await openTestPage();
  const found = await call<Record<string, unknown>>(opened.page, "describe", { wasmPaths });
  expect(found).toMatchObject({ device: "wasm", threads: 1, name: "onnxruntime-web (wasm, 1 thread)" });
  expect(found["fallbackReason"]).toMatch(/webgpu/i);
  expect(found["singleThreadReason"]).toContain("Cross-Origin-Opener-Policy");
}, 60_000);

test("an isolated page has threads where wasmPaths are given", async () => {
  await using opened = await openTestPage({ isolated: true });
  const options = { device: "wasm", threads: 2, wasmPaths };
  const found = await call<Record<string, unknown>>(opened.page, "describe", options);
  expect(found).toMatchObject({ threads: 2, singleThreadReason: undefined });
}, 60_000);

test("auto takes WebGPU where it computes right", async () => {
  await using opened = await openTestPage({ gpu: true });
  const found = await call<Record<string, unknown>>(opened.page, "describe", { wasmPaths });
  expect(found).toMatchObject({ device: "webgpu", fallbackReason: undefined });
}, 60_000);

test.each([
  ["in the page's thread", false],
  ["in a worker", true],
])(
  "a device lost %s is a DeviceLostError, and a new backend gives the same again",
  async (_, worker) => {
    await using opened = await openTestPage({ gpu: true });
    const { page } = opened;
    await page.exposeFunction("destroyDevices", await losableGpu(page, "**/worker.js"));
    const { error, before, after } = await call<Loss>(page, "loseDevice", { wasmPaths, worker });
    expect(error.name).toBe("DeviceLostError");
    expect(error.message).toContain("create a new backend");
    expect([before, after]).toEqual([3, 3]);
  },
  60_000,
);

test.each([
  ["WASM", "v2-base-fp32", "one-image"],
  ["WASM", "v2-base-fp32", "batch-mixed"],
  ["WASM", "v1-gqa-fp32", "one-image"],
  ["WASM", "v2-tied-bf16", "one-image"],
  // A GPU computed by the processor takes seconds a token, so that one ragged batch and its first tokens must do.
  ["WebGPU", "v2-base-fp32", "batch-mixed", 3],
])(
  "%s, %s %s: last logits within 1e-3 of transformers, greedy tokens equal",
  async (runtime, checkpoint, name, most = Infinity) => {
    const { answer, tokens } = await checkGolden(runtime, checkpoint, name, { most, dtype: "fp32" });
    expect(answer.difference).toBeLessThan(TOLERANCE);
    expect(answer.newTokens).toEqual(tokens.map((row) => row.slice(0, most)));
  },
  180_000,
);

test("WebGPU, q8: last logits near those of transformers", async () => {
  const { answer } = await checkGolden("WebGPU", "v2-base-fp32", "one-image", { most: 1, dtype: "q8" });
  expect(answer.difference).toBeGreaterThan(0);
  expect(answer.difference).toBeLessThan(ROUNDED_TOLERANCE);
}, 180_000);

/** What a GPU (SwiftShader here) computes, it computes alone: no operator of the model may be left to the processor. */
async function checkGolden(
  runtime: string,
  checkpoint: string,
  name: string,
  { most, dtype }: { readonly most: number; readonly dtype: ModelDtype },
) {
  const gpu = runtime === "WebGPU";
  const { request, tokens } = goldenRequest(checkpoint, name);
  await using opened = await openTestPage({ gpu });
  const answer = await call<GoldenAnswer>(opened.page, "checkGolden", {
    ...request,
    dtype,
    maxNewTokens: Math.min(request.maxNewTokens, most),
    options: { wasmPaths, device: gpu ? "webgpu" : "wasm", cpuFallback: !gpu },
  } satisfies GoldenRequest);
  return { answer, tokens };
}

function goldenRequest(checkpoint: string, name: string) {
  const path = `${fixtures}cases/${checkpoint}/${name}`;
  const golden = JSON.parse(readFileSync(`${path}.json`, "utf8")) as {
    readonly generate: { readonly max_new_tokens: number };
    readonly generated_ids: readonly (readonly number[])[];
  };
  const folder = `${fixtures}checkpoints/${checkpoint}`;
  const files = Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(`${folder}/${file}`).toString("base64")]),
  );
  const request = { files, tensors: readTensors(`${path}.safetensors`), maxNewTokens: golden.generate.max_new_tokens };
  return { request, tokens: golden.generated_ids };
}

/** The model's inputs and the last logits of a golden case; integers as int32. */
function readTensors(path: string): GoldenRequest["tensors"] {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: [number, number] }
  >;
  const wanted = ["input_ids", "attention_mask", "pixel_values", "pixel_attention_mask", "last_logits"];
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => wanted.includes(name))
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => {
          const data = Uint8Array.from(bytes.subarray(start + from, start + to));
          const integers = dtype === "I64" ? Int32Array.from(new BigInt64Array(data.buffer), Number) : undefined;
          const base64 = Buffer.from(integers ? integers.buffer : data.buffer).toString("base64");
          const kind = integers ? "int32" : dtype === "F32" ? "float32" : "bool";
          return [name, { dtype: kind, dims: shape, base64 }] as const;
        },
      ),
  );
}
