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
    // Loaded when a video file is opened; 70 kB of its own.
    external: ["mediabunny"],
    logLevel: "error",
  });
  const bytes = result.outputFiles[0]?.contents ?? new Uint8Array();
  return { text: new TextDecoder().decode(bytes), gzipped: gzipSync(bytes).length };
}

/**
 * Gzipped bytes of the scripts that a page which loads a model and its worker need, ONNX Runtime's own left out: what is imported only when it is needed,
 * such as the reader of video files, or the template engine for templates of one's own, is not among them.
 */
async function loadedAtOnce(): Promise<{ readonly text: string; readonly gzipped: number }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: 'export { loadSmolVLM } from "smolvlm";', resolveDir: `${root}apps/web-examples` },
    entryPoints: { worker: `${root}packages/smolvlm/src/web/worker.ts` },
    absWorkingDir: `${root}apps/web-examples`,
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    write: false,
    outdir: "out",
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["onnxruntime-web/*"],
    logLevel: "error",
  });
  const needed = new Set(["out/stdin.js", "out/worker.js"]);
  for (const path of needed) {
    for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && imported in metafile.outputs) needed.add(imported);
    }
  }
  const all = outputFiles.filter(({ path }) => [...needed].some((name) => path.endsWith(name)));
  const text = outputFiles.map((file) => file.text).join("\n");
  return { text, gzipped: all.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0) };
}

describe("what a page loads", () => {
  // Ceilings in bytes, gzipped: what it was when the line was written, and some room.
  test.each([
    ["@smolvlm/contracts", 2_000],
    ["@smolvlm/config", 12_000],
    ["@smolvlm/image-processor", 20_000],
    ["@smolvlm/image-processor/web", 15_000],
    ["@smolvlm/video-processor/web", 25_000],
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

  test("smolvlm loads less than 100 kB gzipped, with nothing of Node", async () => {
    const { text, gzipped } = await loadedAtOnce();
    expect(text).not.toMatch(/["'](node:\w+|sharp|onnxruntime-node)["']/);
    expect(gzipped).toBeLessThan(100_000);
    expect(gzipped).toBeGreaterThan(30_000);
    // What converts weights is in it only as a name: workers load it where there are weights to convert.
    expect(text).toContain("convert-worker.js");
  });
});
