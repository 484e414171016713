import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles what a page would load of a package's neutral entry; names that must not appear stay visible as imports. */
async function bundle(entry: string): Promise<{ readonly text: string; readonly gzipped: number }> {
  const result = await build({
    stdin: { contents: `export * from "${entry}";`, resolveDir: `${root}packages/smolvlm` },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
  });
  const bytes = result.outputFiles[0]?.contents ?? new Uint8Array();
  return { text: new TextDecoder().decode(bytes), gzipped: gzipSync(bytes).length };
}

describe("what a page loads", () => {
  // Ceilings in bytes, gzipped: what it was when the line was written, and some room.
  test.each([
    ["@smolvlm/contracts", 2_000],
    ["@smolvlm/config", 12_000],
    ["@smolvlm/image-processor", 20_000],
    ["@smolvlm/image-processor/web", 15_000],
    ["@smolvlm/processor", 70_000],
    ["@smolvlm/model-core", 50_000],
    ["@smolvlm/hub", 12_000],
    ["@smolvlm/hub/web", 20_000],
  ])("%s bundles for a browser below %i bytes, with nothing of Node", async (entry, ceiling) => {
    const { text, gzipped } = await bundle(entry);
    expect(text).not.toMatch(/["'](node:\w+|sharp|onnxruntime-node)["']/);
    expect(gzipped).toBeLessThan(ceiling);
    expect(gzipped).toBeGreaterThan(300);
  });
});
