import type { ModelFiles, ReadOptions } from "@smolvlm/contracts";
import { modelFolderFile, type ModelFolderFile } from "../transformers-js/model-folder-file.js";
import { MANIFEST_FILE } from "./converted-manifest.js";

/** Largest file that is copied; the tokenizer's has some megabytes. */
const MAX_COPIED_BYTES = 64 * 2 ** 20;
/** Configuration, tokenizer, templates, licence: what is text and lies at the top. */
const COPIED = /^(?!.*\.index\.json$)([\w.-]+\.(json|jinja|txt|md|model)|LICENSE|NOTICE)$/;

/** The files of a checkpoint beside its weights, as they are. */
export async function copiedFiles(files: ModelFiles, options: ReadOptions): Promise<readonly ModelFolderFile[]> {
  const copied: ModelFolderFile[] = [];
  for (const path of await files.list(options)) {
    if (!COPIED.test(path) || path === MANIFEST_FILE) continue;
    const source = await files.open(path, options);
    if (!source || source.size > MAX_COPIED_BYTES) continue;
    copied.push(modelFolderFile(path, await source.read(0, source.size, options)));
  }
  return copied;
}
