import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { generate } from "../../scripts/build-wasm.mjs";
import { WASM_KERNEL } from "./wasm-kernel.js";

it("is what wasm/resample.ts compiles to, and small", async () => {
  expect(readFileSync(new URL("./wasm-kernel.ts", import.meta.url), "utf8")).toBe(await generate());
  expect(atob(WASM_KERNEL).length).toBeLessThan(1200);
});
