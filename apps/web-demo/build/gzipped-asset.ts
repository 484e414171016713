import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const QUERY = "?gzipped";

/**
 * `import url from "file?gzipped"`: the address of a file that the build compresses and the page inflates (src/lib/inflate.ts). Static hosts
 * refuse files above 25 MiB, and not all of them compress WebAssembly. While developing it is the file as it is.
 */
export function gzippedAsset(): Plugin {
  let building = false;
  return {
    name: "gzipped-asset",
    enforce: "pre",
    configResolved({ command }) {
      building = command === "build";
    },
    async resolveId(source, importer) {
      if (!source.endsWith(QUERY)) return undefined;
      const found = await this.resolve(source.slice(0, -QUERY.length), importer, { skipSelf: true });
      return found && `\0${found.id}${QUERY}`;
    },
    async load(id) {
      if (!id.startsWith("\0") || !id.endsWith(QUERY)) return undefined;
      const file = id.slice(1, -QUERY.length);
      if (!building) return `export { default } from ${JSON.stringify(`${file}?url`)};`;
      // Not `.gz`: some servers announce such a file as compressed, and the browser would inflate it.
      const reference = this.emitFile({
        type: "asset",
        name: `${basename(file)}.deflated`,
        source: gzipSync(await readFile(file), { level: 9 }),
      });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}
