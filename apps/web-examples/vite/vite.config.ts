import { defineConfig } from "vite";

const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  base: "./",
  build: { target: "es2022" },
  worker: { format: "es" },
  // The two lines for threads; your server has to send the same two headers.
  server: { headers },
  preview: { headers },
});
