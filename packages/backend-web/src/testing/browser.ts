import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBrowserPage, type BrowserPage } from "@smolvlm/tooling/browser-page";

export { call } from "@smolvlm/tooling/browser-page";

const runtimeFiles = join(dirname(fileURLToPath(import.meta.resolve("onnxruntime-web/wasm"))));
const here = dirname(fileURLToPath(import.meta.url));

/**
 * Opens the test page.
 *
 * @param isolated whether it is served so that it is cross-origin isolated.
 * @param gpu whether WebGPU is there, computed by SwiftShader.
 */
export function openTestPage({ isolated = false, gpu = false } = {}): Promise<BrowserPage> {
  return openBrowserPage({
    entries: { page: join(here, "page.ts"), worker: join(here, "../worker.ts") },
    build: {
      alias: { vitest: join(here, "vitest-in-page.ts") },
      // ONNX Runtime's files are served beside the bundle, as threads need them.
      conditions: ["onnxruntime-web-use-extern-wasm"],
    },
    headers: isolated
      ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
      : {},
    folders: { "/ort/": runtimeFiles },
    args: gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : [],
  });
}

/** URLs of ONNX Runtime's files on the test page's server. */
export const wasmPaths = { wasm: pathsOf(""), jspi: pathsOf(".jspi"), webgpu: pathsOf(".asyncify") };

function pathsOf(build: string): { readonly mjs: string; readonly wasm: string } {
  const name = `/ort/ort-wasm-simd-threaded${build}`;
  return { mjs: `${name}.mjs`, wasm: `${name}.wasm` };
}
