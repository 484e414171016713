import { describe, expect, test } from "vitest";
import { call, openTestPage, wasmPaths } from "./testing/browser.js";
import type { CaseResult } from "./testing/run-suite.js";

describe("the behavioural suite in Chromium", () => {
  test.each([
    ["WASM, 1 thread, not isolated", {}, { device: "wasm" }],
    ["WASM, 2 threads", { isolated: true }, { device: "wasm", threads: 2 }],
    ["WASM in the page's thread", {}, { device: "wasm", worker: false }],
    ["WebGPU on SwiftShader, no operator on the CPU", { gpu: true }, { device: "webgpu", cpuFallback: false }],
  ])(
    "%s",
    async (_, place, options) => {
      await using opened = await openTestPage(place);
      const results = await call<readonly CaseResult[]>(opened.page, "runSuite", { wasmPaths, ...options });
      expect(results.filter(({ state }) => state !== "pass")).toEqual([]);
      expect(results.length).toBeGreaterThan(30);
    },
    300_000,
  );
});
