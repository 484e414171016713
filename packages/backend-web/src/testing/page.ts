/** The script of the test page: what a browser test calls. */
import * as gpuRuntime from "onnxruntime-web/jspi";
import { webBackend, type WebBackendOptions } from "../web-backend.js";
import { checkGolden } from "./check-golden.js";
import type { Loss } from "./lose-device.js";
import { runSuite } from "./run-suite.js";

/** How `auto` and threads come out. */
async function describe(options: WebBackendOptions) {
  await using backend = await webBackend(options);
  const { device, threads, fallbackReason, singleThreadReason, name } = backend;
  return { device, threads, fallbackReason, singleThreadReason, name };
}

/** Takes the GPU device away from a backend, and loads again. */
async function loseDevice(options: WebBackendOptions): Promise<Loss> {
  const { runsAfterLoss } = await import("./lose-device.js");
  return runsAfterLoss(options, gpuRuntime.env.webgpu as unknown as { readonly device: Promise<{ destroy(): void }> });
}

Object.assign(globalThis, { smolvlmTest: { runSuite, describe, checkGolden, loseDevice } });
