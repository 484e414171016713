import { defineConfig } from "vitest/config";

// Tests in a real Chromium, apart from the others because not every machine has one: `npm run test:browser`.
export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.browser.test.ts", "apps/*/src/**/*.browser.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: "forks",
    // One browser at a time: a run uses all cores.
    fileParallelism: false,
    reporters: process.env["CI"] ? ["default", ["json", { outputFile: "test-results/browser.json" }]] : ["default"],
  },
});
