export { fileByteSource } from "./file-byte-source.js";
export { fileByteStore } from "./file-byte-store.js";
export { folderModelFiles } from "./folder-model-files.js";
export type { Environment, HubOptions } from "./hub-settings.js";
export { openModel, type OpenModelOptions } from "./open-model.js";
export { smolvlmCacheDir } from "./smolvlm-cache-dir.js";
export { cacheFolders } from "./cache-folders.js";
export { cacheEntries, removeCacheEntry, type CacheEntry, type CacheFolders } from "./cache-entries.js";
export { writeModelFolder, type FolderFile, type WriteFolderOptions } from "./write-model-folder.js";
