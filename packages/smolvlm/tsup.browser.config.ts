import { packageBuild } from "@smolvlm/tooling/tsup";

/**
 * dist/browser: scripts for pages without a bundler. Everything is in them but ONNX Runtime's own files, which are looked for beside them:
 * `.wasm` files of 14 and 27 MB that onnxruntime-web brings already.
 */
export default packageBuild(
  {
    smolvlm: "src/web/index.ts",
    worker: "src/web/worker.ts",
    "convert-worker": "src/web/convert-worker.ts",
    "file-worker": "src/web/file-worker.ts",
  },
  {
    platform: "browser",
    outDir: "dist/browser",
    noExternal: [/./],
    minify: true,
    sourcemap: false,
    esbuildOptions(options) {
      options.conditions = ["onnxruntime-web-use-extern-wasm"];
    },
  },
);
