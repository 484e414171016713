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

/** What the test lets a page call. */
interface TestGlobals {
  /** Destroys the GPU devices of the page's workers. */
  destroyDevices(): Promise<number>;
}

/** Takes the GPU device away from a backend, in this thread or in its worker, and loads again. */
async function loseDevice(options: WebBackendOptions): Promise<Loss> {
  const { runsAfterLoss } = await import("./lose-device.js");
  const gpu = gpuRuntime.env.webgpu as unknown as { readonly device: Promise<{ destroy(): void }> };
  return runsAfterLoss(options, async () =>
    options.worker === false ? (await gpu.device).destroy() : (globalThis as unknown as TestGlobals).destroyDevices(),
  );
}

Object.assign(globalThis, { smolvlmTest: { runSuite, describe, checkGolden, loseDevice } });
