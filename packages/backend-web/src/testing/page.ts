/** The script of the test page: what a browser test calls. */
import * as gpuRuntime from "onnxruntime-web/webgpu";
import { webBackend, type WebBackendOptions } from "../web-backend.js";
import { checkGolden } from "./check-golden.js";
import { runSuite } from "./run-suite.js";

/** How `auto` and threads come out. */
async function describe(options: WebBackendOptions) {
  await using backend = await webBackend(options);
  const { device, threads, fallbackReason, singleThreadReason, name } = backend;
  return { device, threads, fallbackReason, singleThreadReason, name };
}

/** Takes the GPU device away from a backend and gives what its next call throws. */
async function loseDevice(options: WebBackendOptions): Promise<{ readonly name: string; readonly message: string }> {
  const { runsAfterLoss } = await import("./lose-device.js");
  return runsAfterLoss(options, gpuRuntime.env.webgpu as unknown as { readonly device: Promise<{ destroy(): void }> });
}

Object.assign(globalThis, { smolvlmTest: { runSuite, describe, checkGolden, loseDevice } });
