import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const source = fileURLToPath(new URL("./service-worker-source.js", import.meta.url));

/** Writes `service-worker.js` with the names of the built files, all of which it keeps for visits without a network. */
export function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    async generateBundle(_options, bundle) {
      const files = Object.keys(bundle).filter((name) => !name.endsWith(".map"));
      const version = createHash("sha256").update(files.sort().join("\n")).digest("hex").slice(0, 12);
      // What is large is kept when it is first used: ONNX Runtime for the device that the visitor has.
      const small = files.filter((name) => !/\.(wasm|deflated|safetensors)$/.test(name));
      const head = `const VERSION = ${JSON.stringify(version)};\nconst FILES = ${JSON.stringify(small)};\n`;
      this.emitFile({ type: "asset", fileName: "service-worker.js", source: head + (await readFile(source, "utf8")) });
    },
  };
}
