import { defaultClientConditions, defineConfig } from "vite";
import { gzippedAsset } from "./build/gzipped-asset.js";
import { serviceWorker } from "./build/service-worker.js";

const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  // Relative addresses, so that the built folder works wherever it is put.
  base: "./",
  resolve: {
    // ONNX Runtime without its files built in: the demo passes their addresses (src/lib/wasm-paths.ts).
    conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions],
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  // Their workers and files lie beside their scripts, where a pre-bundled copy would not find them.
  optimizeDeps: { exclude: ["smolvlm", "@smolvlm/backend-web", "@smolvlm/nano"] },
  worker: { format: "es" },
  plugins: [gzippedAsset(), serviceWorker()],
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 1000 },
  server: { headers: isolation },
  preview: { headers: isolation },
});
