import { readFile } from "node:fs/promises";
import { defineConfig } from "tsup";

/** Of a package's own `package.json` only the version is asked for; the rest would be half a kilobyte in every page. */
const versionOnly = {
  name: "version-only",
  setup(build) {
    build.onLoad({ filter: /[/\\]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, "utf8"));
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
  },
};

/**
 * The one build recipe of every package: each entry becomes one ESM file, everything in `node_modules` stays an import.
 * Declarations come from `tsc` (see each package's `build` script), because they then map back to the source line.
 *
 * @param {Record<string, string>} entry output name → source file
 * @param {import("tsup").Options} [options]
 */
export function packageBuild(entry, options = {}) {
  return defineConfig({
    entry,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    outDir: "dist",
    sourcemap: true,
    splitting: true,
    clean: true,
    removeNodeProtocol: false,
    dts: false,
    external: [/^node:/],
    esbuildPlugins: [versionOnly],
    esbuildOptions(esbuild) {
      // Where scripts are bundled of packages without side effects, what those import only to keep an order may go.
      esbuild.logOverride = { "ignored-bare-import": "silent" };
    },
    ...options,
  });
}
