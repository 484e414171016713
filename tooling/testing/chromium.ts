import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const candidates = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

/** The browser's program: CHROMIUM_PATH, or where distributions put it. */
export function chromiumPath(): string {
  const path = process.env["CHROMIUM_PATH"] ?? candidates.find(existsSync);
  if (path !== undefined) return path;
  throw new Error("No Chromium found; install it, or set CHROMIUM_PATH to its program.");
}

/** Arguments that containers need. */
export const containerArguments: readonly string[] = ["--no-sandbox", "--disable-dev-shm-usage"];

/** Arguments that give a page WebGPU, computed by SwiftShader. */
export const gpuArguments: readonly string[] = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** A real Chromium, without windows. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: [...containerArguments, ...args] });
}
