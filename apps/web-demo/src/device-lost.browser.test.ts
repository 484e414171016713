import { gpuArguments, launchChromium } from "@smolvlm/tooling/chromium";
import { losableGpu } from "@smolvlm/tooling/losable-gpu";
import { serveFolder, type StaticSite } from "@smolvlm/tooling/static-site";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtDemo, Demo } from "./testing/demo.js";

let browser: Browser;
let site: StaticSite;
beforeAll(async () => {
  browser = await launchChromium(gpuArguments);
  site = await serveFolder(builtDemo);
});
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

test("when the browser takes the graphics card away, a sentence says so, and both ways out work", async () => {
  let destroyDevices = async (): Promise<number> => 0;
  await using demo = await Demo.open(browser, site.origin, { serviceWorkers: "block" }, async (page) => {
    destroyDevices = await losableGpu(page, "**/assets/worker-*.js");
  });
  expect(await demo.ready()).toContain("WebGPU");
  expect(await destroyDevices()).toBeGreaterThan(0);
  await demo.ask("What are you?");
  expect(await demo.answer("failed")).toBe(
    "The browser took the graphics card away. Load the model again, or use the processor.",
  );
  expect(await demo.ready()).toContain("WebGPU, taken away");
  await demo.shoot("device-lost");
  expect(await demo.overflows()).toBe(false);

  await demo.press("Load again");
  // The question is asked again by itself.
  expect(await demo.answer()).toBe("I am nano, a tiny SmolVLM.");
  expect(await demo.ready()).toMatch(/WebGPU(?!,)/);

  await destroyDevices();
  await demo.ask("What are you?");
  expect(await demo.answer("failed")).toContain("took the graphics card away");
  await demo.press("Use the processor");
  expect(await demo.answer()).not.toBe("");
  expect(await demo.ready()).toContain("processor");
}, 300_000);
