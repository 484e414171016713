import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { openBrowserPage, type BrowserPage, type BrowserPageOptions } from "@smolvlm/tooling/browser-page";

const here = dirname(fileURLToPath(import.meta.url));
const runtimeFiles = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web/wasm")));
const runtime = "/ort/ort-wasm-simd-threaded";
const names = ["config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json"];
names.push("chat_template.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors");

/** URLs of the bundled model's files on the test page's server. Its example pictures are under `/examples/`. */
export const nanoFiles = Object.fromEntries(names.map((name) => [name, `/nano/${name}`]));
/** URLs of ONNX Runtime's files there. */
export const wasmPaths = {
  wasm: { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` },
  jspi: { mjs: `${runtime}.jspi.mjs`, wasm: `${runtime}.jspi.wasm` },
};

/** Opens the test page, with the bundled model beside it. */
export function openNanoPage(options: Pick<BrowserPageOptions, "args" | "headers">): Promise<BrowserPage> {
  return openBrowserPage({
    entries: {
      page: join(here, "page.ts"),
      worker: join(here, "../worker.ts"),
      "convert-worker": join(here, "../convert-worker.ts"),
      "file-worker": join(here, "../file-worker.ts"),
    },
    build: { conditions: ["onnxruntime-web-use-extern-wasm"] },
    folders: { "/nano/": nanoModelPath, "/examples/": dirname(nanoExamples.scene), "/ort/": runtimeFiles },
    ...options,
  });
}
