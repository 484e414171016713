export { fileByteSource } from "./file-byte-source.js";
export { fileByteStore } from "./file-byte-store.js";
export { folderModelFiles } from "./folder-model-files.js";
export type { Environment, HubOptions } from "./hub-settings.js";
export { openModel, type OpenModelOptions } from "./open-model.js";
export { smolvlmCacheDir } from "./smolvlm-cache-dir.js";
